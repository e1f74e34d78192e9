//! What becomes of a Page.
