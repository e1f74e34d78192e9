//! What happens when: everything follows from the seed and from how far the sends have come.

use crate::deployment::{Deployment, SENDERS};
use crate::traffic::Traffic;
use std::time::Duration;

/// How long stopping a process may take to be noticed: with a lease of 1 s and claims of 3 s, the shorter stops end
/// before the lease, the longest after everything that the process had claimed was called unknown.
const STOPS_MS: (u64, u64) = (200, 9_000);
/// One kill of so many is a stop instead.
const STOPS_ONE_IN: u64 = 6;

/// How much there is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) seed: u64,
    pub(crate) sends: usize,
    pub(crate) kills: usize,
}

impl Size {
    /// Reads the command line; none when it asks for other tests than this.
    pub(crate) fn read(args: &[String]) -> Option<Self> {
        let mut size = Self { seed: 1, sends: 600, kills: 6 };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|text| text.parse::<u64>().ok()).expect("a number follows");
            match word.as_str() {
                "--seed" => size.seed = number(),
                "--sends" => size.sends = usize::try_from(number()).unwrap(),
                "--kills" => size.kills = usize::try_from(number()).unwrap(),
                "--list" => return None,
                filter if !filter.starts_with('-') && !"chaos".contains(filter) => return None,
                _ => (),
            }
        }
        Some(size)
    }
}

/// Numbers that follow from a seed (splitmix64).
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to below `end`.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Kills senders, spread evenly over all requests; some are stopped for a while instead.
pub(crate) async fn kill_at_random(size: Size, deployment: &mut Deployment, traffic: &Traffic) {
    let mut draws = Draws::new(size.seed);
    for kill in 0..size.kills {
        let next = (kill + 1) * size.sends / (size.kills + 1);
        if !traffic.have_accepted(next).await {
            eprintln!("nothing goes on any more; the senders said last:\n{}", deployment.last_words());
            return;
        }
        let sender = usize::try_from(draws.below(SENDERS as u64)).unwrap();
        if draws.below(STOPS_ONE_IN) == 0 {
            let pause = Duration::from_millis(STOPS_MS.0 + draws.below(STOPS_MS.1 - STOPS_MS.0));
            eprintln!("stop {kill} of sender {sender} for {pause:?}");
            deployment.stop_for(sender, pause).await;
        } else {
            let pause = Duration::from_millis(draws.below(1_500));
            eprintln!("kill {kill} of sender {sender}; {} of {} accepted", traffic.n_accepted(), size.sends);
            deployment.kill(sender, pause).await;
        }
    }
}
