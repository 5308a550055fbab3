pub mod cases;
pub mod communications;
pub mod demands;
pub mod pool;
pub mod root_causes;
pub mod rounds;
pub mod routing;
pub mod verifications;
