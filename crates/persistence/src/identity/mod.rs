pub mod absences;
pub mod api_keys;
pub mod departments;
pub mod logins;
pub mod sessions;
pub mod users;
