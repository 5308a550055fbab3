use proptest::prelude::*;

use super::templates::ScriptTemplate;
use super::*;

fn pointers(faults: &[Fault]) -> Vec<(&str, &str)> {
    faults.iter().map(|fault| (fault.pointer.as_deref().unwrap_or_default(), fault.code.as_str())).collect()
}

fn plain(key: &str, topic: Topic, kind: QuestionKind) -> Question {
    Question { key: key.to_owned(), text: "好吗？".to_owned(), topic, kind, required: true, ask_if: None }
}

fn content(questions: Vec<Question>) -> Content {
    Content { opening: "您好".to_owned(), questions, closing: "再见".to_owned(), hard_moments: Vec::new() }
}

fn options(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("选项{n}")).collect()
}

#[test]
fn what_a_script_contradicts_itself_in_is_named_all_at_once() {
    let rating = QuestionKind::Rating { csat: true };
    let mut wrong = content(vec![
        plain("a", Topic::Product, rating.clone()),
        plain("b", Topic::Service, rating),
        plain(
            "a",
            Topic::Product,
            QuestionKind::Choice { options: vec!["是".to_owned(), "是".to_owned()], multiple: false },
        ),
        plain("c", Topic::Service, QuestionKind::Text { max_length: 100 }),
    ]);
    wrong.opening = "{{customer}}，您好 {{ customer_name }}".to_owned();
    wrong.closing = "再见 {{customer_name".to_owned();
    wrong.questions[3].ask_if =
        Some(AskIf { question: "b".to_owned(), at_least: Some(6), at_most: None, any_of: Vec::new() });
    let faults = check_content(&wrong);
    assert_eq!(
        pointers(&faults),
        [
            ("/opening", "script_variable_unknown"),
            ("/closing", "script_braces"),
            ("/questions/1/topic", "script_topic_order"),
            ("/questions/1/csat", "script_score_twice"),
            ("/questions/2/options", "script_options"),
            ("/questions/2/key", "script_key_repeated"),
            ("/questions/3/ask_if", "script_ask_if"),
        ]
    );
}

#[test]
fn a_question_depends_on_what_is_asked_before_it() {
    let asks = |question: &str, at_most, any_of: &[&str]| {
        let any_of = any_of.iter().map(|option| (*option).to_owned()).collect();
        Some(AskIf { question: question.to_owned(), at_least: None, at_most, any_of })
    };
    let choice = QuestionKind::Choice { options: options(2), multiple: false };
    let base = || {
        vec![
            plain("how", Topic::Service, QuestionKind::Rating { csat: true }),
            plain("which", Topic::Service, choice.clone()),
            plain("words", Topic::Service, QuestionKind::Text { max_length: 10 }),
            plain("last", Topic::Service, QuestionKind::Text { max_length: 10 }),
        ]
    };
    for (ask_if, good) in [
        (asks("how", Some(3), &[]), true),
        (asks("which", None, &["选项1"]), true),
        (asks("how", None, &[]), false),
        (asks("how", Some(0), &[]), false),
        (asks("how", None, &["选项1"]), false),
        (asks("which", None, &["选项2"]), false),
        (asks("which", None, &[]), false),
        (asks("words", None, &["a"]), false),
        (asks("last", Some(3), &[]), false),
        (asks("nothing", Some(3), &[]), false),
    ] {
        let mut questions = base();
        questions[3].ask_if = ask_if.clone();
        assert_eq!(check_content(&content(questions)).is_empty(), good, "{ask_if:?}");
    }
}

#[test]
fn answers_are_held_against_the_questions() {
    let script = ScriptTemplate::AfterPurchase.content();
    let answer = |key: &str, value: Given| Answer { key: key.to_owned(), value };
    let good = [
        answer("delivery", Given::Number(5)),
        answer("quality", Given::Number(2)),
        answer("defect", Given::Text("打印机卡纸".to_owned())),
        answer("recommend", Given::Number(6)),
    ];
    assert_eq!(check_answers(&script, &good), []);
    assert_eq!(scores(&script, &good), (Some(2), Some(6)));
    let wrong = [
        answer("delivery", Given::Number(6)),
        answer("delivery_gap", Given::Choices(vec!["送货慢".to_owned()])),
        answer("quality", Given::Number(5)),
        answer("quality", Given::Number(4)),
        answer("defect", Given::Text("没有".to_owned())),
        answer("colour", Given::Number(1)),
    ];
    assert_eq!(
        pointers(&check_answers(&script, &wrong)),
        [
            ("/answers/3/key", "answer_repeated"),
            ("/answers/5/key", "answer_unknown"),
            ("/answers/0/value", "answer_invalid"),
            ("/answers/4/key", "answer_not_asked"),
            ("/answers", "answer_missing"),
        ],
        "what hangs on the wrong rating is not judged"
    );
}

#[test]
fn every_script_to_begin_with_is_a_good_one() {
    for template in ScriptTemplate::ALL {
        assert_eq!(check_content(&template.content()), [], "{template}");
        let json = serde_json::to_value(template.content()).unwrap();
        assert_eq!(serde_json::from_value::<Content>(json).unwrap(), template.content(), "{template}");
        let told = template.content().filled(&Values::default());
        assert!(!format!("{told:?}").contains("{{"), "{template}: everything has a default text");
    }
}

#[test]
fn variables_are_filled_once_and_never_left_open() {
    let values = Values::default()
        .with(Variable::CustomerName, Some("晨光贸易 {{order_no}}"))
        .with(Variable::ProductName, Some("  "));
    assert_eq!(fill("{{customer_name}}，{{ product_name }}{", &values), "晨光贸易 {{order_no}}，我们的产品{");
    for broken in ["{{", "}}", "a {{b", "{{a {{customer_name}}", "{{{customer_name}}}"] {
        let mut script = content(Vec::new());
        script.opening = broken.to_owned();
        assert_eq!(pointers(&check_content(&script)), [("/opening", "script_braces")], "{broken}");
    }
}

#[test]
fn what_belongs_to_another_kind_is_refused() {
    let parts = KindParts { csat: Some(false), options: Some(options(2)), ..KindParts::default() };
    let faults = QuestionKind::of(AnswerKind::Score, parts).unwrap_err();
    assert_eq!(pointers(&faults), [("/csat", "script_field"), ("/options", "script_field")]);
    let faults = QuestionKind::of(AnswerKind::Choice, KindParts::default()).unwrap_err();
    assert_eq!(pointers(&faults), [("/options", "script_field")]);
}

fn kinds() -> impl Strategy<Value = QuestionKind> {
    prop_oneof![
        Just(QuestionKind::Rating { csat: false }),
        Just(QuestionKind::Score { nps: false }),
        (2usize..6, any::<bool>())
            .prop_map(|(count, multiple)| QuestionKind::Choice { options: options(count), multiple }),
        (1u32..40).prop_map(|max_length| QuestionKind::Text { max_length }),
    ]
}

/// Questions of all kinds, some of which hang on one before them.
fn contents() -> impl Strategy<Value = Content> {
    let one = (kinds(), any::<bool>(), prop::option::of((any::<prop::sample::Index>(), 0i64..=5)));
    prop::collection::vec(one, 1..12).prop_map(|drawn| {
        let mut questions: Vec<Question> = Vec::new();
        for (i, (kind, required, hangs)) in drawn.into_iter().enumerate() {
            let closed: Vec<&Question> = questions.iter().filter(|q| q.kind.answer() != AnswerKind::Text).collect();
            let ask_if = hangs.filter(|_| !closed.is_empty()).map(|(on, bound)| {
                let on = on.get(&closed);
                let (at_most, any_of) = match &on.kind {
                    QuestionKind::Choice { options, .. } => (None, options[..1].to_vec()),
                    _ => (Some(bound.max(1)), Vec::new()),
                };
                AskIf { question: on.key.clone(), at_least: None, at_most, any_of }
            });
            questions.push(Question { required, ask_if, ..plain(&format!("q{i}"), Topic::Other, kind) });
        }
        content(questions)
    })
}

/// Answers that fit, by a draw for each question: what is asked is answered, what is not required perhaps not.
fn fitting(content: &Content, draws: &[(u16, bool)]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for (question, (draw, skipped)) in content.questions.iter().zip(draws.iter().cycle()) {
        let asked = question.ask_if.as_ref().is_none_or(|ask_if| {
            let before = answers.iter().find(|answer| answer.key == ask_if.question);
            before.is_some_and(|answer| match &answer.value {
                Given::Number(n) => ask_if.at_most.is_some_and(|most| *n <= most),
                Given::Text(option) => ask_if.any_of.contains(option),
                Given::Choices(chosen) => chosen.iter().any(|option| ask_if.any_of.contains(option)),
            })
        });
        if !asked || (*skipped && !question.required) {
            continue;
        }
        let value = match &question.kind {
            QuestionKind::Choice { options, multiple: true } => {
                Given::Choices(options[..=usize::from(*draw) % options.len()].to_vec())
            }
            QuestionKind::Choice { options, .. } => Given::Text(options[usize::from(*draw) % options.len()].clone()),
            QuestionKind::Text { max_length } => {
                Given::Text("好".repeat(usize::from(*draw) % *max_length as usize + 1))
            }
            kind => {
                let (least, most) = kind.range().unwrap();
                Given::Number(least + i64::from(*draw) % (most - least + 1))
            }
        };
        answers.push(Answer { key: question.key.clone(), value });
    }
    answers
}

proptest! {
    #[test]
    fn whatever_passes_can_be_answered_and_what_is_spoiled_is_told_where(
        content in contents(),
        draws in prop::collection::vec((any::<u16>(), any::<bool>()), 1..12),
        spoiled in any::<prop::sample::Index>(),
    ) {
        prop_assert_eq!(check_content(&content), []);
        for question in &content.questions {
            let kind = question.kind.clone();
            prop_assert_eq!(QuestionKind::of(kind.answer(), kind.clone().parts()), Ok(kind));
        }
        let answers = fitting(&content, &draws);
        prop_assert_eq!(check_answers(&content, &answers), []);
        if answers.is_empty() {
            return Ok(());
        }
        let i = spoiled.index(answers.len());
        let told = |faults: &[Fault], at: &str| faults.iter().any(|fault| fault.pointer.as_deref() == Some(at));

        let mut wrong = answers.clone();
        wrong[i].value = match &wrong[i].value {
            Given::Number(_) => Given::Number(11),
            Given::Text(_) => Given::Text("好".repeat(50)),
            Given::Choices(_) => Given::Choices(Vec::new()),
        };
        let faults = check_answers(&content, &wrong);
        prop_assert!(told(&faults, &format!("/answers/{i}/value")), "{faults:?}");
        prop_assert_eq!(faults.len(), 1, "nothing else is wrong: {:?}", faults);

        let mut unknown = answers.clone();
        unknown[i].key = "nobody_asked".to_owned();
        let faults = check_answers(&content, &unknown);
        prop_assert!(told(&faults, &format!("/answers/{i}/key")), "{:?}", faults);

        let mut twice = answers.clone();
        twice.push(answers[i].clone());
        let faults = check_answers(&content, &twice);
        prop_assert!(told(&faults, &format!("/answers/{}/key", answers.len())), "{:?}", faults);

        let required = content.question(&answers[i].key).is_some_and(|question| question.required);
        let mut missing = answers.clone();
        missing.remove(i);
        let faults = check_answers(&content, &missing);
        prop_assert_eq!(told(&faults, "/answers"), required, "{:?}", faults);
    }
}
