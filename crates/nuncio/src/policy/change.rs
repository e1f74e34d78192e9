//! Changing the rule packs, through a process with the role `compliance`: the embedded log serves one process alone.

use crate::cli::{ActivateOptions, HowOptions, OverrideOptions, PinOptions, RetireOptions};
use crate::output::{self, Format};
use anyhow::Context;
use api::proto::compliance::v1 as pb;
use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::status;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// How long an answer may take, with the connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Puts a pack into force: one of a file, or one that is known.
pub(crate) async fn activate(listen: SocketAddr, options: ActivateOptions) -> anyhow::Result<()> {
    use pb::activate_rule_pack_request::Pack;
    let ActivateOptions { pack, how } = options;
    let file = Path::new(&pack);
    // A file's name may have an `@` too.
    let pack = if file.exists() || !pack.contains('@') { Pack::Text(read(file)?) } else { Pack::Name(named(&pack)) };
    let validate_only = how.dry_run;
    let request = pb::ActivateRulePackRequest { pack: Some(pack), validate_only, ..Default::default() };
    let mut client = client(listen, &how).await?;
    let answer = client.activate_rule_pack(request).await;
    print_pack(&answered(answer, file)?, if how.dry_run { "would be in force" } else { "is in force" }, &how)
}

/// Takes a pack out of force.
pub(crate) async fn retire(listen: SocketAddr, options: RetireOptions) -> anyhow::Result<()> {
    let RetireOptions { pack, how } = options;
    let request = pb::RetireRulePackRequest { name: named(&pack), validate_only: how.dry_run, ..Default::default() };
    let mut client = client(listen, &how).await?;
    let answer = client.retire_rule_pack(request).await;
    let verb = if how.dry_run { "would not be in force any more" } else { "is not in force any more" };
    print_pack(&answered(answer, Path::new(&pack))?, verb, &how)
}

/// Pins a Page to a pack, or frees it.
pub(crate) async fn pin(listen: SocketAddr, options: PinOptions) -> anyhow::Result<()> {
    let PinOptions { page, pack, free: _, how } = options;
    let request = pb::PinRulePackRequest {
        name: format!("pages/{page}"),
        rule_pack: pack.as_deref().map(named).unwrap_or_default(),
        validate_only: how.dry_run,
        ..Default::default()
    };
    let mut client = client(listen, &how).await?;
    let answer = client.pin_rule_pack(request).await;
    print_rules(&answered(answer, Path::new(pack.as_deref().unwrap_or_default()))?, &how)
}

/// Gives a Page values of its own, or takes them away.
pub(crate) async fn overrides(listen: SocketAddr, options: OverrideOptions) -> anyhow::Result<()> {
    let OverrideOptions { page, file, none: _, how } = options;
    let request = pb::OverrideRulePackRequest {
        name: format!("pages/{page}"),
        overrides: file.as_deref().map(read).transpose()?.unwrap_or_default(),
        validate_only: how.dry_run,
        ..Default::default()
    };
    let mut client = client(listen, &how).await?;
    let answer = client.override_rule_pack(request).await;
    print_rules(&answered(answer, file.as_deref().unwrap_or(Path::new("")))?, &how)
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// A pack's name as the API has it; the command line also takes it without the collection.
fn named(pack: &str) -> String {
    if pack.starts_with("rulePacks/") { pack.to_owned() } else { format!("rulePacks/{pack}") }
}

async fn client(listen: SocketAddr, how: &HowOptions) -> anyhow::Result<ComplianceClient<Channel>> {
    let server = how.server.clone().unwrap_or_else(|| format!("http://{}", reachable(listen)));
    let endpoint = Endpoint::from_shared(server.clone()).with_context(|| format!("{server:?} is no address"))?;
    let endpoint = endpoint.connect_timeout(PATIENCE).timeout(PATIENCE);
    let hint = "the role compliance must run there; name another place with --server";
    Ok(ComplianceClient::new(endpoint.connect().await.with_context(|| format!("cannot reach {server}: {hint}"))?))
}

/// Where a process on this machine is reached that listens there.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// What was answered; a refusal with everything that it names, each field with the file that it came from.
fn answered<T>(answer: Result<tonic::Response<T>, Status>, file: &Path) -> anyhow::Result<T> {
    answer.map(tonic::Response::into_inner).map_err(|status| {
        let fields = status::wrong_fields(&status);
        if status.code() != Code::InvalidArgument || fields.is_empty() {
            return anyhow::anyhow!("{}", status.message());
        }
        let lines = fields.into_iter().map(|(field, what)| {
            let key = field.trim_start_matches("text.").trim_start_matches("overrides.");
            format!("\n  {key}: {what}")
        });
        anyhow::anyhow!("{} cannot be taken:{}", file.display(), lines.collect::<String>())
    })
}

fn print_pack(pack: &pb::RulePack, verb: &str, how: &HowOptions) -> anyhow::Result<()> {
    let from = pack.start_time.as_ref().and_then(api::convert::moment).map(api::convert::rfc3339).unwrap_or_default();
    let name = pack.name.trim_start_matches("rulePacks/");
    output::line(&match how.output {
        Format::Text if pack.active => format!("{name} {verb} from {from}"),
        Format::Text => format!("{name} {verb}"),
        Format::Json => json!({
            "name": name,
            "in_force_from": from,
            "active": pack.active,
            "in_force": pack.in_force,
            "etag": pack.etag,
            "dry_run": how.dry_run,
        })
        .to_string(),
    })?;
    Ok(())
}

fn print_rules(rules: &pb::PageRules, how: &HowOptions) -> anyhow::Result<()> {
    let bare = |name: &str| name.trim_start_matches("rulePacks/").to_owned();
    let (page, pack, pinned) = (&rules.name, bare(&rules.rule_pack), bare(&rules.pinned_rule_pack));
    output::line(&match how.output {
        Format::Text => {
            let verb = if how.dry_run { "would be judged by" } else { "is judged by" };
            let why = if pinned.is_empty() { "" } else { ", to which it is pinned" };
            let own = if rules.overrides.is_empty() { "" } else { ", with values of its own" };
            format!("{page} {verb} {pack}{why}{own}")
        }
        Format::Json => json!({
            "page": page,
            "pack": pack,
            "pinned": pinned,
            "overrides": rules.overrides,
            "etag": rules.etag,
            "dry_run": how.dry_run,
        })
        .to_string(),
    })?;
    Ok(())
}
