//! The JSON of the HTTP interface: requests, answers, errors.
