//! A row of a list as what is said about a customer.

use huiyin_domain::customers::import::Draft;

use super::draft::Profile;

/// Says what the cells say; what is blank is not said.
pub fn profile(draft: &Draft) -> Profile {
    let list = |items: &Vec<String>| Some(items.clone()).filter(|items| !items.is_empty());
    Profile {
        kind: draft.kind,
        name: draft.name.clone(),
        industry: draft.industry.clone().map(Some),
        phone: draft.phone.as_ref().map(|(entered, _)| Some(entered.clone())),
        email: draft.email.as_ref().map(|(entered, _)| Some(entered.clone())),
        birthday: draft.birthday.map(Some),
        address: draft.address.clone().map(Some),
        source: draft.source.clone(),
        owner_id: None,
        department_id: None,
        cooperation_start: draft.cooperation_start.map(Some),
        cooperation_stage: draft.cooperation_stage.map(Some),
        annual_amount: draft.annual_amount.map(Some),
        contract_end: draft.contract_end.map(Some),
        core_products: list(&draft.core_products),
        preferred_channel: draft.preferred_channel.map(Some),
        note: draft.note.clone().map(Some),
        tags: list(&draft.tags),
        custom: Some(draft.custom.clone()).filter(|custom| !custom.is_empty()),
    }
}
