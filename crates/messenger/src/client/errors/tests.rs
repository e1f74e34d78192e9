//! What follows from which error.

use super::*;
use std::collections::BTreeSet;

fn error(code: i64, subcode: i64) -> ApiError {
    ApiError { status: 400, code, subcode, ..ApiError::default() }
}

#[track_caller]
fn check_class(code: i64, subcode: i64, expected: ErrorClass) {
    assert_eq!(error(code, subcode).class(), expected, "{code}/{subcode}");
}

#[test]
fn codes_say_what_to_do() {
    for code in [17, 4, 341] {
        check_class(code, 0, ErrorClass::Rate(Scope::App));
    }
    for code in [32, 613, 80_001, 80_006] {
        check_class(code, 0, ErrorClass::Rate(Scope::Page));
    }
    for (code, subcode) in [(1, 0), (1, 99), (2, 0), (1_200, 0), (100, 2_018_008), (2_018_321, 0)] {
        check_class(code, subcode, ErrorClass::Transient);
    }
    for (code, subcode, expected) in [
        (1, 1_357_046, ErrorClass::Ambiguous),
        (4, 2_018_354, ErrorClass::Rate(Scope::Token)),
        (10, 0, ErrorClass::Page(Lack::Permission)),
        (10, 1_893_015, ErrorClass::Token),
        (10, 1_893_063, ErrorClass::Page(Lack::Leave)),
        (10, 2_018_278, ErrorClass::Message),
        (100, 0, ErrorClass::Message),
        (100, 2_018_001, ErrorClass::Person),
        (100, 2_018_074, ErrorClass::Attachment),
        (102, 0, ErrorClass::Page(Lack::Token)),
        (190, 460, ErrorClass::Page(Lack::Token)),
        (190, 77, ErrorClass::Page(Lack::Token)),
        (200, 0, ErrorClass::Page(Lack::Review)),
        (200, 2_018_028, ErrorClass::Page(Lack::Review)),
        (200, 1_545_041, ErrorClass::Person),
        (230, 0, ErrorClass::Page(Lack::Permission)),
        (368, 0, ErrorClass::Page(Lack::Leave)),
        (551, 0, ErrorClass::Person),
        (613, 1_893_016, ErrorClass::Message),
        (2_022, 0, ErrorClass::Page(Lack::Leave)),
        (2_018_300, 0, ErrorClass::Thread),
        (2_300_070, 0, ErrorClass::Feature),
        (0, 0, ErrorClass::Message),
    ] {
        check_class(code, subcode, expected);
    }
}

#[test]
fn a_subcode_that_is_a_code_of_its_own_counts_under_any_code() {
    check_class(10, 2_018_300, ErrorClass::Thread);
    check_class(100, 2_018_321, ErrorClass::Transient);
    check_class(987, 2_018_300, ErrorClass::Thread);
}

#[test]
fn an_unknown_code_is_judged_by_status_and_flag() {
    let unknown = ApiError { transient: true, ..error(987, 0) };
    assert_eq!(unknown.class(), ErrorClass::Transient);
    assert_eq!(ApiError { status: 429, ..unknown }.class(), ErrorClass::Rate(Scope::App));
    assert_eq!(ApiError { status: 429, ..error(2, 0) }.class(), ErrorClass::Rate(Scope::App));
    assert_eq!(ApiError { status: 429, ..error(613, 0) }.class(), ErrorClass::Rate(Scope::Page));
    check_class(987, 0, ErrorClass::Message);
}

#[test]
fn whatever_pauses_says_for_how_long() {
    for known in KNOWN {
        let pauses = matches!(known.treatment.class, ErrorClass::Rate(_));
        assert!(!pauses || known.treatment.pause.is_some(), "{}", known.code);
        let is_passing = known.treatment.class == ErrorClass::Transient;
        assert_eq!(known.treatment.tries > 0, is_passing, "{}", known.code);
    }
    let error = error(80_006, 0);
    assert_eq!(error.pause(), Some(Wait::For(Span::from_secs(600))));
    let told = ApiError { wait: Some(Wait::For(Span::from_secs(7))), ..error };
    assert_eq!(told.pause(), Some(Wait::For(Span::from_secs(7))));
}

#[test]
fn no_error_stands_twice_in_the_table_and_its_lines_are_in_order() {
    let lines: Vec<_> = KNOWN.iter().map(|known| (known.code, known.subcode)).collect();
    assert!(lines.is_sorted());
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len());
    for known in KNOWN {
        assert!(known.code <= known.last_code, "{}", known.code);
        let (code, subcode) = (known.last_code, known.subcode.unwrap_or(0));
        let found = Known::find(code, subcode).unwrap();
        assert_eq!((found.code, found.subcode), (known.code, known.subcode), "{code}/{subcode}");
        for sentence in [known.means, known.advice] {
            assert!(sentence.ends_with('.') && !sentence.contains('|'), "{sentence}");
        }
    }
}
