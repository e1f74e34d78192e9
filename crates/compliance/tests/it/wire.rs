//! Compliance against the platform: what is allowed must be taken, and what is refused must be refused there as well. The
//! platform is the simulator, which judges by its own code; people act there, its signed webhooks go through a real ingress,
//! and every answer is tried with a request that is written here and not by the product.

mod compare;
mod crowd;
mod deeds;
mod dice;
mod intents;
mod ledger;
mod request;
mod world;

mod broken;
mod rows;
mod situations;
