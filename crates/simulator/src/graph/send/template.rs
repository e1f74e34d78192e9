//! Templates (templates pages): what each needs, and how much it may hold.

use serde_json::{Map, Value};

use super::super::{Request, check};
use super::buttons;
use super::content::{Content, Kind, known_attachment};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::PAYLOAD_CHARS;

const PATH: &str = "message[attachment][payload]";
const CTA: [&str; 5] = ["ALLOW", "GET", "GET_UPDATES", "OPT_IN", "SIGN_UP"];

type Object = Map<String, Value>;

/// Checks a template's payload, and notes what it asks for.
pub(super) fn check(
    world: &World,
    request: &Request<'_>,
    payload: &Object,
    content: &mut Content,
    now_ms: i64,
) -> Result<(), GraphError> {
    match check::needed_text(payload, "template_type", usize::MAX, PATH)? {
        "generic" => generic(payload),
        "button" => {
            check::needed_text(payload, "text", 640, PATH)?;
            buttons::check_all(payload, 1..=3, PATH)
        }
        "media" => media(world, request, payload, now_ms),
        "receipt" => receipt(payload),
        "product" => product(request, payload),
        "coupon" => coupon(payload),
        "image_grid" => image_grid(payload),
        "customer_feedback" => {
            content.kind = Kind::Feedback;
            feedback(payload)
        }
        "customer_information" => {
            check::list(payload, "countries", 1..=250, PATH)?;
            privacy_and_expiry(payload)
        }
        "instant_form" => {
            let id = crate::world::ids::text_or_number(payload, "form_id").unwrap_or_default();
            let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
            if is_id { Ok(()) } else { Err(Refusal::FormIneligible.into()) }
        }
        "one_time_notif_req" => {
            content.kind = Kind::AsksOnce;
            check::needed_text(payload, "title", 65, PATH)?;
            check::needed_text(payload, "payload", 1000, PATH).map(|_| ())
        }
        "notification_messages" => {
            content.kind = Kind::AsksOften;
            let title = check::text(payload, "title", 65, PATH)?.unwrap_or("Updates and promotions");
            content.asks_for = Some(title.to_owned());
            check::needed_text(payload, "payload", 1000, PATH)?;
            check::url(payload, "image_url", PATH)?;
            check::one_of(payload, "image_aspect_ratio", &["HORIZONTAL", "SQUARE"], PATH)?;
            check::one_of(payload, "notification_messages_cta_text", &CTA, PATH)?;
            check::list(payload, "elements", 0..=5, PATH).map(|_| ())
        }
        _ => Err(GraphError::param(format!("param {PATH}[template_type] is not a known template type"))),
    }
}

fn generic(payload: &Object) -> Result<(), GraphError> {
    for (place, element) in check::list(payload, "elements", 1..=10, PATH)?.iter().enumerate() {
        let path = format!("{PATH}[elements][{place}]");
        let element = check::object(element, &path)?;
        check::needed_text(element, "title", 80, &path)?;
        check::text(element, "subtitle", 80, &path)?;
        check::url(element, "image_url", &path)?;
        buttons::check_all(element, 0..=3, &path)?;
        let beside = ["subtitle", "image_url", "default_action", "buttons"];
        if !beside.iter().any(|key| check::member(element, key).is_some()) {
            return Err(GraphError::param(format!("param {path} needs a property beside its title")));
        }
        if let Some(action) = check::member(element, "default_action") {
            let path = format!("{path}[default_action]");
            let action = check::object(action, &path)?;
            check::one_of(action, "type", &["web_url"], &path)?;
            if check::member(action, "title").is_some() {
                return Err(GraphError::param(format!("param {path}[title] is not allowed")));
            }
            buttons::check_url(action, &path)?;
        }
    }
    Ok(())
}

fn media(world: &World, request: &Request<'_>, payload: &Object, now_ms: i64) -> Result<(), GraphError> {
    let elements = check::list(payload, "elements", 1..=1, PATH)?;
    let path = format!("{PATH}[elements][0]");
    let element = check::object(elements.first().unwrap_or(&Value::Null), &path)?;
    check::one_of(element, "media_type", &["image", "video"], &path)?;
    let kind = check::needed_text(element, "media_type", usize::MAX, &path)?;
    buttons::check_all(element, 0..=3, &path)?;
    let url = check::text(element, "url", usize::MAX, &path)?;
    match (crate::world::ids::text_or_number(element, "attachment_id"), url) {
        (Some(id), None) => {
            known_attachment(world, request, &id, now_ms)?;
            let saved = world.page(&request.page).and_then(|page| page.attachments.get(&id));
            let fits = saved.is_none_or(|saved| saved.kind == kind);
            if fits { Ok(()) } else { Err(Refusal::MediaType.into()) }
        }
        (None, Some(url)) => {
            let host = url.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
            let is_facebook = ["facebook.com", "fb.com", "fb.watch"]
                .iter()
                .any(|own| host == *own || host.ends_with(&format!(".{own}")));
            if is_facebook { Ok(()) } else { Err(Refusal::MediaForeign.into()) }
        }
        (None, None) | (Some(_), Some(_)) => Err(Refusal::MediaSource.into()),
    }
}

fn receipt(payload: &Object) -> Result<(), GraphError> {
    for key in ["recipient_name", "order_number", "currency", "payment_method"] {
        check::needed_text(payload, key, usize::MAX, PATH)?;
    }
    let path = format!("{PATH}[summary]");
    let summary = check::member(payload, "summary").ok_or_else(|| check::missing("summary", PATH))?;
    let summary = check::object(summary, &path)?;
    let is_amount = |value: &Value| value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok());
    if !check::member(summary, "total_cost").is_some_and(is_amount) {
        return Err(check::missing("total_cost", &path));
    }
    for (place, element) in check::list(payload, "elements", 0..=100, PATH)?.iter().enumerate() {
        let path = format!("{PATH}[elements][{place}]");
        let element = check::object(element, &path)?;
        check::needed_text(element, "title", usize::MAX, &path)?;
        if !check::member(element, "price").is_some_and(is_amount) {
            return Err(check::missing("price", &path));
        }
    }
    check::list(payload, "adjustments", 0..=100, PATH).map(|_| ())
}

fn product(request: &Request<'_>, payload: &Object) -> Result<(), GraphError> {
    if request.call.version.is_some_and(|version| version < 8) {
        return Err(Refusal::ProductVersion.into());
    }
    for element in check::list(payload, "elements", 1..=10, PATH)? {
        let element = check::object(element, PATH)?;
        let id = crate::world::ids::text_or_number(element, "id").unwrap_or_default();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::NoSuchProduct.into());
        }
    }
    Ok(())
}

fn coupon(payload: &Object) -> Result<(), GraphError> {
    check::needed_text(payload, "title", 80, PATH)?;
    check::text(payload, "subtitle", 80, PATH)?;
    check::url(payload, "coupon_url", PATH)?;
    check::url(payload, "image_url", PATH)?;
    let code = check::text(payload, "coupon_code", usize::MAX, PATH)?;
    if code.is_some_and(|code| code.contains(char::is_whitespace)) {
        return Err(GraphError::param(format!("param {PATH}[coupon_code] must not contain spaces")));
    }
    if code.is_none() && check::member(payload, "coupon_url").is_none() {
        return Err(check::missing("coupon_code", PATH));
    }
    Ok(())
}

fn image_grid(payload: &Object) -> Result<(), GraphError> {
    let elements = check::list(payload, "elements", 1..=1, PATH)?;
    let path = format!("{PATH}[elements][0]");
    let element = check::object(elements.first().unwrap_or(&Value::Null), &path)?;
    check::text(element, "title", 45, &path)?;
    check::text(element, "subtitle", 80, &path)?;
    buttons::check_all(element, 0..=3, &path)?;
    let images = check::list(element, "images", 2..=6, &path)?;
    for (place, image) in images.iter().enumerate() {
        let path = format!("{path}[images][{place}]");
        let image = check::object(image, &path)?;
        check::needed_text(image, "url", usize::MAX, &path)?;
        check::url(image, "url", &path)?;
        if let Some(action) = check::member(image, "action") {
            image_action(action, &format!("{path}[action]"))?;
        }
    }
    let is_hero = |image: &&Value| image.get("is_hero_image").is_some_and(|value| value == true);
    if images.iter().filter(is_hero).count() > 1 {
        return Err(GraphError::param(format!("param {path}[images] has more than one hero")));
    }
    let is_known = |button: &Value| {
        button.get("type").and_then(Value::as_str).is_some_and(|kind| ["web_url", "postback"].contains(&kind))
    };
    if !check::list(element, "buttons", 0..=3, &path)?.iter().all(is_known) {
        return Err(GraphError::param(format!("param {path}[buttons] must be of type web_url or postback")));
    }
    Ok(())
}

/// What a tap on a picture does: it opens a page, or it is a postback.
fn image_action(action: &Value, path: &str) -> Result<(), GraphError> {
    let action = check::object(action, path)?;
    check::one_of(action, "type", &["web_url", "postback"], path)?;
    if check::needed_text(action, "type", usize::MAX, path)? == "postback" {
        return check::needed_text(action, "payload", PAYLOAD_CHARS, path).map(|_| ());
    }
    check::needed_text(action, "url", usize::MAX, path)?;
    check::url(action, "url", path)
}

fn feedback(payload: &Object) -> Result<(), GraphError> {
    check::needed_text(payload, "title", 65, PATH)?;
    check::text(payload, "subtitle", 80, PATH)?;
    check::text(payload, "button_title", 20, PATH)?;
    let screens = check::list(payload, "feedback_screens", 1..=1, PATH)?;
    let path = format!("{PATH}[feedback_screens][0]");
    let screen = check::object(screens.first().unwrap_or(&Value::Null), &path)?;
    let questions = check::list(screen, "questions", 1..=1, &path)?;
    let path = format!("{path}[questions][0]");
    let question = check::object(questions.first().unwrap_or(&Value::Null), &path)?;
    let id = check::needed_text(question, "id", 80, &path)?;
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(GraphError::param(format!("param {path}[id] must hold letters, digits and underscores only")));
    }
    check::one_of(question, "type", &["csat", "nps", "ces", "free_form"], &path)?;
    check::needed_text(question, "type", usize::MAX, &path)?;
    if check::text(question, "title", 85, &path)?.is_some_and(|title| title.chars().count() < 5) {
        return Err(GraphError::param(format!("param {path}[title] must have at least 5 characters")));
    }
    if let Some(follow_up) = check::member(question, "follow_up") {
        check::text(check::object(follow_up, &path)?, "placeholder", 65, &path)?;
    }
    privacy_and_expiry(payload)
}

fn privacy_and_expiry(payload: &Object) -> Result<(), GraphError> {
    let privacy = check::member(payload, "business_privacy").ok_or_else(|| check::missing("business_privacy", PATH))?;
    let path = format!("{PATH}[business_privacy]");
    let privacy = check::object(privacy, &path)?;
    check::needed_text(privacy, "url", usize::MAX, &path)?;
    check::url(privacy, "url", &path)?;
    check::days(payload, "expires_in_days", PATH)
}
