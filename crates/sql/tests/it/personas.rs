//! Personas, and who speaks under them.

use crate::sandbox::{Sandbox, at, on_both, page};
use domain::id::{AgentId, PersonaId, RequestId};
use sql::personas::{Begun, Failed, agents, assign, begin, failed, get, gone, list, made, of_agent};

on_both!(
    one_request_makes_one_persona,
    the_making_of_a_persona_is_taken_over_when_its_time_is_over,
    a_making_that_failed_begins_anew_or_looks_first,
    a_persona_that_is_gone_is_nobodys,
    personas_are_listed_from_the_oldest_on,
);

const MINUTE: i64 = 60_000;

fn request(name: &str) -> RequestId {
    RequestId::parse(name).unwrap()
}

fn persona(id: &str) -> PersonaId {
    PersonaId::parse(id).unwrap()
}

fn agent() -> AgentId {
    AgentId::parse("agent-7").unwrap()
}

async fn begun(sandbox: &Sandbox, name: &str, digest: &[u8], ms: i64) -> Begun {
    begin(&sandbox.database, &page(1), &request(name), ("Ravi", digest), at(ms)).await.unwrap()
}

async fn one_request_makes_one_persona(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    assert_eq!(begun(&sandbox, "r-1", b"a", 5).await, Begun::Ours { is_again: false });
    assert_eq!(begun(&sandbox, "r-1", b"a", 6).await, Begun::Busy);
    made(&sandbox.database, &page(1), &request("r-1"), &persona("77")).await.unwrap();
    let Begun::Made(known) = begun(&sandbox, "r-1", b"a", 7).await else { panic!("not made") };
    assert_eq!((known.id, known.name.as_str(), known.created_at), (persona("77"), "Ravi", at(5)));
    assert_eq!(begun(&sandbox, "r-1", b"b", 8).await, Begun::Reused);
}

async fn the_making_of_a_persona_is_taken_over_when_its_time_is_over(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    begun(&sandbox, "r-1", b"a", 0).await;
    assert_eq!(begun(&sandbox, "r-1", b"a", MINUTE - 1).await, Begun::Busy);
    assert_eq!(begun(&sandbox, "r-1", b"a", MINUTE).await, Begun::Ours { is_again: true });
    assert_eq!(begun(&sandbox, "r-1", b"a", MINUTE).await, Begun::Busy);
}

async fn a_making_that_failed_begins_anew_or_looks_first(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    for (end, is_again) in [(Failed::Unclear, true), (Failed::NotMade, false)] {
        begun(&sandbox, "r-1", b"a", 5).await;
        failed(&sandbox.database, &page(1), &request("r-1"), end).await.unwrap();
        assert_eq!(begun(&sandbox, "r-1", b"a", 6).await, Begun::Ours { is_again });
        failed(&sandbox.database, &page(1), &request("r-1"), Failed::Unclear).await.unwrap();
    }
}

async fn a_persona_that_is_gone_is_nobodys(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let us = &sandbox.database;
    begun(&sandbox, "r-1", b"a", 5).await;
    made(us, &page(1), &request("r-1"), &persona("77")).await.unwrap();
    assign(us, &page(1), &agent(), Some(&persona("77"))).await.unwrap();
    assert_eq!(of_agent(us, &page(1), &agent()).await.unwrap(), Some(persona("77")));
    assert_eq!(agents(us, &page(1), &persona("77")).await.unwrap(), ["agent-7"]);
    // One of them was never made here.
    for id in ["77", "78"] {
        gone(us, &page(1), &persona(id), at(9)).await.unwrap();
        gone(us, &page(1), &persona(id), at(10)).await.unwrap();
        assert_eq!(get(us, &page(1), &persona(id)).await.unwrap().unwrap().deleted_at, Some(at(9)));
    }
    assert_eq!(of_agent(us, &page(1), &agent()).await.unwrap(), None);
    assert_eq!(get(us, &page(2), &persona("77")).await.unwrap(), None);
    assign(us, &page(1), &agent(), Some(&persona("79"))).await.unwrap();
    assign(us, &page(1), &agent(), None).await.unwrap();
    assert_eq!(of_agent(us, &page(1), &agent()).await.unwrap(), None);
}

async fn personas_are_listed_from_the_oldest_on(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let us = &sandbox.database;
    for (name, id, ms) in [("r-1", "79", 5), ("r-2", "78", 6), ("r-3", "77", 6)] {
        begun(&sandbox, name, b"a", ms).await;
        made(us, &page(1), &request(name), &persona(id)).await.unwrap();
    }
    // One that is being made is none yet.
    begun(&sandbox, "r-4", b"a", 7).await;
    gone(us, &page(1), &persona("78"), at(9)).await.unwrap();
    let ids = async |after: Option<(i64, &str)>, with_deleted| {
        let after = after.map(|(ms, id)| (at(ms), id));
        let listed = list(us, &page(1), after, (2, with_deleted)).await.unwrap();
        listed.into_iter().map(|known| known.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, true).await, ["79", "77"]);
    assert_eq!(ids(Some((6, "77")), true).await, ["78"]);
    assert_eq!(ids(Some((5, "79")), false).await, ["77"]);
}
