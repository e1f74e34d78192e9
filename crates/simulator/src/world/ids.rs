//! Ids that follow from a seed and the order of calls, so that a run can be repeated.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A counter per kind of id.
pub(crate) struct Ids {
    seed: u64,
    n_mids: u64,
    n_people: u64,
    n_traces: u64,
    n_challenges: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, n_mids: 0, n_people: 0, n_traces: 0, n_challenges: 0 }
    }

    /// A message id: `m_` and 32 base64url characters.
    pub(crate) fn mid(&mut self) -> String {
        self.n_mids += 1;
        format!("m_{}", letters(&self.digest("mid", self.n_mids)))
    }

    /// A person's id: 16 digits.
    pub(crate) fn psid(&mut self) -> String {
        self.n_people += 1;
        let number = leading_number(&self.digest("psid", self.n_people));
        (1_000_000_000_000_000 + number % 9_000_000_000_000_000).to_string()
    }

    /// What Meta's support would ask for: `A` and 22 characters.
    pub(crate) fn trace(&mut self) -> String {
        self.n_traces += 1;
        format!("A{}", &letters(&self.digest("trace", self.n_traces))[..22])
    }

    /// An integer for the handshake.
    pub(crate) fn challenge(&mut self) -> u32 {
        self.n_challenges += 1;
        let number = leading_number(&self.digest("challenge", self.n_challenges));
        u32::try_from(number % 2_000_000_000).expect("the remainder is below 2^31")
    }

    fn digest(&self, kind: &str, n: u64) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(kind);
        hasher.update(self.seed.to_be_bytes());
        hasher.update(n.to_be_bytes());
        hasher.finalize().into()
    }
}

fn letters(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect()
}

fn leading_number(digest: &[u8; 32]) -> u64 {
    let (head, _) = digest.split_first_chunk::<8>().expect("32 bytes have a first 8");
    u64::from_be_bytes(*head)
}
