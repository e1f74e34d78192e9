//! The public contract in Rust: types generated from `proto/`, the conversions to and from the domain, resource names,
//! and the one place that makes gRPC statuses.

/// Generated from `proto/nuncio/`; the documentation stands there.
#[expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::doc_markdown,
    clippy::large_enum_variant,
    reason = "generated"
)]
pub mod proto {
    pub mod content {
        pub mod v1 {
            tonic::include_proto!("nuncio.content.v1");
        }
    }
    pub mod log {
        pub mod v1 {
            tonic::include_proto!("nuncio.log.v1");
            pub use super::super::content::v1::{Content, content};
        }
    }
    pub mod compliance {
        pub mod v1 {
            tonic::include_proto!("nuncio.compliance.v1");
        }
    }
    pub mod outbound {
        pub mod v1 {
            tonic::include_proto!("nuncio.outbound.v1");
            pub use super::super::content::v1::{Content, content};
        }
    }
    pub mod conversation {
        pub mod v1 {
            tonic::include_proto!("nuncio.conversation.v1");
        }
    }
    pub mod page {
        pub mod v1 {
            tonic::include_proto!("nuncio.page.v1");
        }
    }
    pub mod error {
        pub mod v1 {
            tonic::include_proto!("nuncio.error.v1");
        }
    }

    /// Every message and service as a `FileDescriptorSet`, for reflection and for checking compatibility.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
}

pub mod convert;
pub mod explain;
pub mod name;
pub mod status;
