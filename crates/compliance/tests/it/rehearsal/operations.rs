//! Rehearsals as operations.
