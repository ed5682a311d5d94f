//! Runs one validator or observer: network, HTTP, and the loop that drives the rest.
