use super::*;

#[test]
fn clocks_have_stable_names() {
    for kind in ClockKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.as_str()));
    }
    assert!("close".parse::<ClockKind>().is_err());
}

#[test]
fn the_presets_say_what_the_product_says() {
    let [standard, graded] = presets();
    let target = |policy: &PolicySpec, priority, clock| policy.target(priority, clock).map(|target| target.to_string());
    let row = |policy: &PolicySpec, priority| ClockKind::ALL.map(|clock| target(policy, priority, clock));
    let some = |texts: [&str; 5]| texts.map(|text| (!text.is_empty()).then(|| text.to_owned()));
    assert_eq!(row(&standard, "urgent"), some(["24 hours", "2 hours", "3 days", "5 working_days", ""]));
    assert_eq!(row(&standard, "important"), some(["24 hours", "24 hours", "7 days", "5 working_days", ""]));
    assert_eq!(row(&standard, "normal"), some(["24 hours", "3 working_days", "", "5 working_days", ""]));
    assert_eq!(row(&graded, "urgent"), some(["24 hours", "2 hours", "24 hours", "5 working_days", ""]));
    assert_eq!(row(&graded, "important"), some(["24 hours", "4 hours", "48 hours", "5 working_days", ""]));
    assert_eq!(row(&graded, "normal"), some(["24 hours", "12 hours", "72 hours", "5 working_days", ""]));
    assert_eq!(row(&graded, "unheard"), some([""; 5]));
    for policy in presets() {
        assert_eq!(policy.faults(), []);
        assert_eq!(policy.escalate_after, Some(Target::new(1, Unit::Hours)));
        let wire = serde_json::to_value(&policy).unwrap();
        assert_eq!(wire["targets"]["urgent"]["respond"], json!({"value": 2, "unit": "hours"}));
        assert_eq!(serde_json::from_value::<PolicySpec>(wire).unwrap(), policy);
    }
}

#[test]
fn no_escalation_is_not_the_default_escalation() {
    let read = |wire| serde_json::from_value::<PolicySpec>(wire).unwrap();
    assert!(read(json!({"name": "x", "targets": {}})).escalate_after.is_some());
    let off = read(json!({"name": "x", "escalate_after": null, "targets": {}}));
    assert_eq!(off.escalate_after, None);
    assert_eq!(read(serde_json::to_value(&off).unwrap()), off);
}

#[test]
fn faulty_numbers_are_told_at_once() {
    let zero = Target::new(0, Unit::Hours);
    let [mut policy, _] = presets();
    policy.warn_share = f64::NAN;
    policy.escalate_after = Some(zero);
    policy.targets.insert("a/b".to_owned(), [(ClockKind::Verify, zero)].into());
    let found: Vec<_> = policy.faults().into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(found, ["/warn_share", "/escalate_after/value", "/targets/a~1b/verify/value"]);
}
