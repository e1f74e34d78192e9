//! Webhooks on their way out: the body as Meta writes it, its signatures, the lines in which they wait, the delivery, and
//! the handshake.

pub(crate) mod courier;
mod escape;
pub(crate) mod event;
pub(crate) mod handshake;
pub(crate) mod object;
pub(crate) mod outbox;
pub(crate) mod sign;
#[cfg(test)]
mod tests;

/// A plain HTTP client. It holds no certificate authority, so `https` targets fail.
pub(crate) fn http_client() -> reqwest::Client {
    // Without a TLS setting of its own the client would panic unless the process had set a crypto provider.
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the default TLS versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client with its own TLS setting needs nothing from outside")
}
