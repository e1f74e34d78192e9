//! The rule packs as callers see them.

use crate::sandbox::Sandbox;
use api::proto::compliance::v1::{GetRulePackRequest, ListRulePacksRequest, RulePack};
use domain::pack::BUILT_IN;
use tonic::{Code, Status};
use tonic_types::StatusExt;

impl Sandbox {
    async fn packs(&self, page_size: i32, page_token: &str) -> Result<(Vec<RulePack>, String), Status> {
        let request = ListRulePacksRequest { page_size, page_token: page_token.to_owned() };
        let answer = self.compliance.clone().list_rule_packs(request).await?.into_inner();
        Ok((answer.rule_packs, answer.next_page_token))
    }

    async fn pack(&self, name: &str) -> Result<RulePack, Status> {
        let request = GetRulePackRequest { name: name.to_owned() };
        self.compliance.clone().get_rule_pack(request).await.map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn every_pack_is_listed_in_the_order_in_which_it_takes_effect() {
    let sandbox = Sandbox::start().await;
    let (all, next) = sandbox.packs(0, "").await.unwrap();
    let names: Vec<_> = all.iter().map(|pack| pack.display_name.as_str()).collect();
    assert_eq!(names.len(), BUILT_IN.len());
    assert_eq!((names[0], names[4], next.as_str()), ("messenger-2020", "messenger-2026-09", ""));
    assert!(all.iter().all(|pack| pack.active && pack.text.is_empty()));
    // The clock stands in January 2026.
    let in_force: Vec<_> = all.iter().filter(|pack| pack.in_force).map(|pack| pack.display_name.as_str()).collect();
    assert_eq!(in_force, ["messenger-2025"]);
    let (first, next) = sandbox.packs(2, "").await.unwrap();
    let (second, last) = sandbox.packs(3, &next).await.unwrap();
    assert_eq!([first, second].concat(), all);
    assert_eq!(last, "");
    let status = sandbox.packs(-1, "x").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "wrong or missing: page_size, page_token"));
    sandbox.stop().await;
}

#[tokio::test]
async fn one_pack_is_shown_with_its_text_by_name_and_digest() {
    let sandbox = Sandbox::start().await;
    let shown = sandbox.pack("rulePacks/messenger-2020").await.unwrap();
    assert_eq!(shown.text, BUILT_IN[0].1);
    assert_eq!(sandbox.pack(&shown.name).await.unwrap(), shown);
    for unknown in ["rulePacks/own", "rulePacks/messenger-2020@00000000"] {
        let status = sandbox.pack(unknown).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.get_error_details().error_info().unwrap().reason, "NO_SUCH_RULE_PACK");
    }
    assert_eq!(sandbox.pack("messenger-2020").await.unwrap_err().code(), Code::InvalidArgument);
    sandbox.stop().await;
}
