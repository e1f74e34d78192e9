//! Generates Rust from `proto/` with a protobuf compiler written in Rust, so that building needs no `protoc`.

use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "a build script talks to cargo in this way")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let files = [
        "nuncio/content/v1/content.proto",
        "nuncio/log/v1/record.proto",
        "nuncio/log/v1/export.proto",
        "nuncio/compliance/v1/compliance.proto",
        "nuncio/outbound/v1/outbound.proto",
        "nuncio/outbound/v1/attachment.proto",
        "nuncio/outbound/v1/persona.proto",
        "nuncio/outbound/v1/action.proto",
        "nuncio/conversation/v1/conversation.proto",
        "nuncio/page/v1/page.proto",
        "nuncio/error/v1/error.proto",
    ];
    let descriptors = protox::compile(files, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.binpb"), prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure().extern_path(".google.rpc", "::tonic_types::pb").compile_fds(descriptors)?;
    Ok(())
}
