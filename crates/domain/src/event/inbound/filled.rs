//! What people fill in: feedback, addresses, carts, forms, games.

/// What the person says of the service they had. Personal data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomerFeedback {
    /// One page of the form each.
    pub screens: Vec<FeedbackScreen>,
}

/// One page of a feedback form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedbackScreen {
    /// The page's id.
    pub screen: Option<String>,
    /// What was answered, by question.
    pub answers: Vec<FeedbackAnswer>,
}

/// One question of a feedback form, answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedbackAnswer {
    /// The question's id.
    pub question: String,
    /// `csat`, `nps`, `ces`, and others.
    pub kind: String,
    /// The score.
    pub payload: String,
    /// What the person added in their own words: its type and the words.
    pub follow_up: Option<FollowUp>,
}

/// Words that follow a score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FollowUp {
    /// `free_form`, and others.
    pub kind: String,
    /// The words.
    pub payload: String,
}

/// What the person told of themselves. Personal data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomerInformation {
    /// One page of the form each.
    pub screens: Vec<InformationScreen>,
}

/// One page of a form about a person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InformationScreen {
    /// The page's id.
    pub screen: Option<String>,
    /// What was filled in, such as `country` and its value.
    pub responses: Vec<(String, String)>,
}

/// The person sent a cart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// What is in it.
    pub products: Vec<OrderedProduct>,
    /// What the person wrote beside it.
    pub note: Option<String>,
}

/// So much of one product.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderedProduct {
    /// The platform's id.
    pub id: String,
    /// The seller's own id.
    pub retailer: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The price of one, as the platform wrote the number: never a binary fraction.
    pub unit_price: Option<String>,
    /// The price's currency.
    pub currency: Option<String>,
    /// How many.
    pub quantity: Option<i64>,
}

/// The person finished a game.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GamePlay {
    /// Which game.
    pub game: String,
    /// Who, as the game knows them.
    pub player: Option<String>,
    /// `SOLO` or `THREAD`, and others.
    pub context_kind: Option<String>,
    /// Where it was played.
    pub context: Option<String>,
    /// What was reached.
    pub score: Option<i64>,
    /// What the game carries.
    pub payload: Option<String>,
}
