//! A crowd of people on several Pages, who act at random while time goes on in jumps; and after each jump a question about
//! each of them, of which the answer is tried.

use super::compare::{Held, Known, Tally, compare};
use super::dice::Dice;
use super::request::ask_of;
use super::world::{APP, Answer, Setup, World};
use api::proto::compliance::v1::{Decision, EvaluateSendRequest};
use domain::decision::{Capability, PackRef};
use domain::event::PageStepKind;
use domain::id::{AppId, PageId};
use domain::pack::Change;
use domain::time::{Span, Timestamp};
use serde_json::{Value, json};
use std::fmt;

pub(super) const SECOND: i64 = 1_000;
pub(super) const HOUR: i64 = 3_600 * SECOND;
pub(super) const DAY: i64 = 24 * HOUR;

/// How long a restriction lasts of which nobody says that: what the packs reckon with.
const LADDER: [i64; 3] = [DAY, 2 * DAY, 3 * DAY];

/// Around what ends anywhere, and far from it.
const JUMPS: [i64; 13] = [
    10 * 60 * SECOND,
    HOUR,
    3 * HOUR,
    12 * HOUR - 1,
    12 * HOUR,
    DAY - 1,
    DAY,
    DAY + 1,
    2 * DAY,
    2 * DAY + 1,
    3 * DAY,
    7 * DAY - DAY / 2,
    7 * DAY,
];

/// A crowd to be made.
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) n_pages: usize,
    pub(super) n_people: usize,
    pub(super) n_rounds: usize,
    pub(super) at: Timestamp,
    /// Moments that time must not jump over without a question at them.
    pub(super) landmarks: Vec<Timestamp>,
    /// The platform's rule packs; none: those that are compiled in.
    pub(super) packs: Option<Vec<String>>,
    /// The pack by which every Page is judged, whatever the time.
    pub(super) pinned: Option<PackRef>,
    /// What every Page has of its own in our packs, and not on the platform.
    pub(super) overrides: Option<&'static str>,
    /// The last jump is so long that all rights end.
    pub(super) ends_late: bool,
}

/// A difference between the two, without texts and tokens.
pub(super) struct Difference {
    seed: u64,
    round: usize,
    at: Timestamp,
    page: String,
    psid: String,
    route: &'static str,
    pub(super) rules: Vec<String>,
    says: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, round, at, page, psid, route, rules, says } = self;
        let at = at.as_millis();
        write!(f, "seed {seed} round {round} at {at} page {page} person {psid}: {says} ({route} {})", rules.join(" "))
    }
}

pub(super) struct Page {
    pub(super) id: String,
    pub(super) people: Vec<Person>,
    /// Whether threads have owners here.
    pub(super) has_owners: bool,
    is_on: bool,
    n_restricted: usize,
    restricted_until: Option<Timestamp>,
}

pub(super) struct Person {
    pub(super) psid: String,
    pub(super) known: Known,
    /// A message of the person's.
    pub(super) mid: Option<String>,
    /// Post, and comment on it or nothing.
    pub(super) comments: Vec<(String, String)>,
    pub(super) is_erased: bool,
    /// The latest request to agree that stands in the thread: whether it was for one message, and its title.
    pub(super) asked: Option<(bool, String)>,
    /// The tokens that the person gave: name, whether for one message, and title.
    pub(super) given: Vec<(String, bool, String)>,
}

pub(super) struct Crowd {
    pub(super) world: World,
    pub(super) dice: Dice,
    pub(super) pages: Vec<Page>,
    pub(super) tally: Tally,
    pub(super) differences: Vec<Difference>,
    pub(super) n_things: u128,
    plan: Plan,
    round: usize,
}

impl Crowd {
    pub(super) async fn gather(plan: Plan) -> Self {
        let ids: Vec<_> = (0..plan.n_pages).map(|n| (1001 + n).to_string()).collect();
        let world = World::start(Setup { pages: &ids, at: plan.at, packs: plan.packs.clone() }).await;
        let page = |id: String| {
            let person = |n: usize| Person {
                psid: format!("{id}{n:04}"),
                known: Known::default(),
                mid: None,
                comments: Vec::new(),
                is_erased: false,
                asked: None,
                given: Vec::new(),
            };
            let people = (0..plan.n_people).map(person).collect();
            Page { id: id.clone(), people, has_owners: false, is_on: true, n_restricted: 0, restricted_until: None }
        };
        let pages = ids.into_iter().map(page).collect();
        let (dice, tally) = (Dice::new(plan.seed), Tally::default());
        let mut crowd = Self { world, dice, pages, tally, differences: Vec::new(), n_things: 1 << 64, plan, round: 0 };
        for n in 0..crowd.pages.len() {
            crowd.set_up(n).await;
        }
        crowd
    }

    /// Everything that the plan says; answers what was met and where the two differ.
    pub(super) async fn run(mut self) -> (Tally, Vec<Difference>) {
        while self.round < self.plan.n_rounds {
            self.change_pages().await;
            self.act().await;
            self.world.deliver().await;
            self.ask().await;
            self.world.deliver().await;
            self.round += 1;
            self.jump();
        }
        self.world.stop().await;
        (self.tally, self.differences)
    }

    pub(super) fn is_first_round(&self) -> bool {
        self.round == 0
    }

    /// What the Page has, on both sides.
    async fn set_up(&mut self, n: usize) {
        let id = self.pages[n].id.clone();
        let id = id.as_str();
        let page = PageId::parse(id).unwrap();
        if let Some(pack) = self.plan.pinned.clone() {
            self.world.change(&Change::Pin(page.clone(), Some(pack))).await;
        }
        if let Some(own) = self.plan.overrides {
            self.world.change(&Change::Override(page, Some(own.to_owned()))).await;
        }
        let has_exception = self.dice.percent(40);
        let grants = [
            (Capability::HumanAgent, self.dice.percent(75)),
            (Capability::CustomerFeedback, self.dice.percent(60)),
            (Capability::PrivateReply, self.dice.percent(85)),
            (Capability::RecurringException, has_exception),
            // Only in the United States.
            (Capability::CustomerMatching, !has_exception && self.dice.percent(70)),
        ];
        for (capability, is_granted) in grants {
            self.world.grants(id, capability, is_granted).await;
        }
        self.world.grants(id, Capability::GroupChat, self.dice.percent(40)).await;
        let [human_agent, customer_feedback, private_replies, _, customer_matching] =
            grants.map(|(_, granted)| granted);
        let has_owners = self.dice.percent(40);
        self.pages[n].has_owners = has_owners;
        self.world.platform.set_page(id, |settings| {
            settings.human_agent = human_agent;
            settings.customer_feedback = customer_feedback;
            settings.private_replies = private_replies;
            settings.customer_matching = customer_matching;
            settings.region = if has_exception { "EU" } else { "US" }.to_owned();
            settings.default_app = has_owners.then(|| APP.to_owned());
        });
        self.world.page_step(id, PageStepKind::Connected { app: AppId::parse(APP).unwrap() }).await;
        for (name, text) in [("order_update", "Your order is on its way."), ("big_sale", "A special offer, buy now.")] {
            let answer = self.world.post(id, "message_templates", &template(name, text));
            assert_eq!(answer, Answer::Taken);
        }
    }

    /// Switches, restrictions and their ends.
    async fn change_pages(&mut self) {
        let now = self.world.now;
        for n in 0..self.pages.len() {
            let id = self.pages[n].id.clone();
            if self.pages[n].restricted_until.is_some_and(|until| until <= now) {
                self.pages[n].restricted_until = None;
                self.world.platform.set_page(&id, |settings| settings.policy_blocked = false);
            }
            let is_on = !self.dice.percent(6);
            if is_on != self.pages[n].is_on {
                self.pages[n].is_on = is_on;
                self.world.platform.set_page(&id, |settings| settings.messaging = is_on);
                self.world.page_step(&id, PageStepKind::MessagingSwitched { is_on }).await;
            }
            let has_once = self.is_first_round() || !self.dice.percent(15);
            self.world.platform.set_page(&id, |settings| settings.one_time_notifications = has_once);
            self.world.grants(&id, Capability::OneTime, has_once).await;
            if !self.is_first_round() {
                self.restrict(n, &id).await;
            }
        }
    }

    /// The platform stops the Page: it says so, or answers so; or it takes that back.
    async fn restrict(&mut self, n: usize, id: &str) {
        let now = self.world.now;
        let page = &mut self.pages[n];
        match page.restricted_until {
            Some(_) if self.dice.percent(20) => {
                page.restricted_until = None;
                assert!(self.world.platform.enforce(id, "unblock", now.as_millis()));
                self.world.platform.set_page(id, |settings| settings.restricted_until_ms = None);
            }
            None if page.n_restricted < LADDER.len() && self.dice.percent(6) => {
                let until = now.plus(Span::from_millis(LADDER[page.n_restricted]));
                page.n_restricted += 1;
                page.restricted_until = Some(until);
                if self.dice.percent(50) {
                    assert!(self.world.platform.enforce(id, "block", now.as_millis()));
                } else {
                    let until_ms = Some(until.as_millis());
                    self.world.platform.set_page(id, |settings| settings.restricted_until_ms = until_ms);
                    let refused = PageStepKind::Refused { code: 10, subcode: 1_893_063 };
                    self.world.page_step(id, refused).await;
                }
            }
            Some(_) | None => (),
        }
    }

    async fn act(&mut self) {
        for page in 0..self.pages.len() {
            for person in 0..self.pages[page].people.len() {
                let n_deeds = if self.is_first_round() { 1 } else { self.dice.below(3) };
                for n in (0..n_deeds).rev() {
                    self.deed(page, person, i64::try_from(n).unwrap()).await;
                }
            }
        }
    }

    /// A question about everybody, together and some alone.
    async fn ask(&mut self) {
        let mut whom = Vec::new();
        let mut requests: Vec<EvaluateSendRequest> = Vec::new();
        for page in 0..self.pages.len() {
            for person in 0..self.pages[page].people.len() {
                requests.push(self.intent(page, person).await);
                whom.push((page, person));
            }
        }
        let mut answers = Vec::new();
        for some in requests.chunks(500) {
            answers.extend(self.world.ask_all(some.to_vec()).await);
        }
        for n in (0..requests.len()).step_by(20) {
            assert_eq!(self.world.ask(requests[n].clone()).await, answers[n]);
        }
        for (((page, person), request), answer) in whom.into_iter().zip(requests).zip(answers) {
            let decision = answer.decision.unwrap();
            let known = &self.pages[page].people[person].known;
            let held = compare(&mut self.world, &request, &decision, known, &mut self.tally).await;
            match held {
                Ok(Held::Taken) => {
                    if let Some((is_once, title)) = ask_of(&request) {
                        self.pages[page].people[person].asked = Some((is_once, title.to_owned()));
                    }
                }
                Ok(Held::Refused) => (),
                Err(says) => {
                    let difference = self.difference(page, person, &decision, says);
                    self.differences.push(difference);
                }
            }
        }
    }

    fn difference(&self, page: usize, person: usize, decision: &Decision, says: String) -> Difference {
        Difference {
            seed: self.plan.seed,
            round: self.round,
            at: self.world.now,
            page: self.pages[page].id.clone(),
            psid: self.pages[page].people[person].psid.clone(),
            route: decision.route().as_str_name(),
            rules: decision.findings.iter().map(|finding| finding.rule.clone()).collect(),
            says,
        }
    }

    /// Time goes on, but not past a landmark, just before which and at which there are questions.
    fn jump(&mut self) {
        let jump = if self.plan.ends_late && self.round + 1 == self.plan.n_rounds {
            365 * DAY
        } else {
            *self.dice.pick(&JUMPS)
        };
        let now = self.world.now;
        let far = now.plus(Span::from_millis(jump));
        let next = self.plan.landmarks.iter().copied().find(|landmark| *landmark > now && *landmark <= far);
        let just_before = |landmark: Timestamp| Timestamp::from_millis(landmark.as_millis() - 1);
        let to =
            next.map_or(far, |landmark| if just_before(landmark) > now { just_before(landmark) } else { landmark });
        self.world.go_to(to);
    }
}

fn template(name: &str, text: &str) -> Value {
    json!({
        "name": name, "language": "en", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": text }]
    })
}
