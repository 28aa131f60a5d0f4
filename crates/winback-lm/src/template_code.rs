//! A chat template as instructions in which every step that makes a value is a call of [`crate::template_bounds`].
//!
//! The engine counts steps and nothing else: in one step it joins two texts of a gigabyte, or a list to one that lies
//! fifty thousand deep. So its instructions are gone through once: those that make a value become calls of functions
//! that charge it first, named by signs that no template can write as a name, and those that no chat template needs
//! are refused by name.
use crate::template_bounds::FILTERS;
use minijinja::machinery::{CompiledTemplate, Instruction, Instructions, TemplateConfig, Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Error, Value};
use std::sync::Arc;

/// The longest template compiled, in bytes; Qwen3's has 4,000.
const MOST_BYTES: usize = 64 << 10;
/// The most words between two braces, and the most `elif`: both are as deep as they are long once they are compiled.
const MOST_WORDS: (usize, usize) = (400, 64);

/// Why a template was not compiled.
#[derive(Debug)]
pub(crate) enum CodeError {
    /// It is not Jinja.
    Syntax(Error),
    /// It does in this line what templates may not do here.
    Unsupported { line: usize, what: String },
}

/// Returns the instructions of a template.
pub(crate) fn compile<'source>(name: &'source str, source: &'source str) -> Result<Instructions<'source>, CodeError> {
    let refused = |line: usize, what: &str| CodeError::Unsupported { line, what: what.to_owned() };
    if source.len() > MOST_BYTES {
        return Err(refused(1, &format!("has {} bytes, and at most {MOST_BYTES} are read", source.len())));
    }
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(CodeError::Syntax)?;
    check_words(source, &syntax)?;
    let config = TemplateConfig { syntax_config: syntax, default_auto_escape: Arc::new(|_| AutoEscape::None) };
    let compiled = CompiledTemplate::new(name, source, &config).map_err(CodeError::Syntax)?;
    if !compiled.blocks.is_empty() {
        return Err(refused(1, "has blocks"));
    }
    bounded(&compiled.instructions)
}

/// Refuses what would be too deep, or far longer than its text, before anything runs.
fn check_words(source: &str, syntax: &SyntaxConfig) -> Result<(), CodeError> {
    let (mut words, mut elifs, mut multiplies, mut text) = (0, 0, false, false);
    for token in tokenize(source, false, syntax.clone()) {
        let (token, span) = token.map_err(CodeError::Syntax)?;
        let refused = |what: String| Err(CodeError::Unsupported { line: span.start_line.into(), what });
        match token {
            Token::TemplateData(_) => {}
            Token::VariableStart | Token::BlockStart => (words, multiplies, text) = (0, false, false),
            Token::Mul | Token::Pow => multiplies = true,
            Token::Str(_) | Token::String(_) | Token::BracketOpen | Token::BraceOpen | Token::Comma => text = true,
            Token::Ident("elif") => elifs += 1,
            _ => {}
        }
        words += 1;
        if multiplies && text {
            return refused("multiplies a text or a list (*)".to_owned());
        }
        if words > MOST_WORDS.0 {
            return refused(format!("has more than {} words between two braces", MOST_WORDS.0));
        }
        if elifs > MOST_WORDS.1 {
            return refused(format!("has more than {} times elif", MOST_WORDS.1));
        }
    }
    Ok(())
}

/// Returns the same instructions with calls in the place of those that make values.
fn bounded<'source>(whole: &Instructions<'source>) -> Result<Instructions<'source>, CodeError> {
    let old = || (0..).map_while(|at| whole.get(at).map(|instruction| (at, instruction)));
    let (mut steps, mut starts, mut next) = (Vec::new(), Vec::new(), 0_u32);
    for (at, instruction) in old() {
        let unsupported = |what: String| CodeError::Unsupported { line: whole.get_line(at).unwrap_or(1), what };
        let some = calls(instruction).map_err(unsupported)?;
        starts.push(next);
        next += some.len() as u32;
        steps.push(some);
    }
    let moved = |target: u32| starts.get(target as usize).copied().unwrap_or(next);
    let mut new = Instructions::new(whole.name(), whole.source());
    for (at, mut instruction) in (0..).zip(steps).flat_map(|(at, some)| some.into_iter().map(move |instruction| (at, instruction))) {
        if let Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target)
        | Instruction::Iterate(target)
        | Instruction::BuildMacro(_, target, _) = &mut instruction
        {
            *target = moved(*target);
        }
        match whole.get_span(at) {
            Some(span) => new.add_with_span(instruction, span),
            None => new.add(instruction),
        };
    }
    Ok(new)
}

/// Returns what stands for an instruction, or what it does that no template may do here.
fn calls<'source>(instruction: &Instruction<'source>) -> Result<Vec<Instruction<'source>>, String> {
    let call = |name: &'static str, count: usize| match u16::try_from(count) {
        Ok(count) => Ok(vec![Instruction::CallFunction(name, Some(count))]),
        Err(_) => Err("makes a list too long to be written".to_owned()),
    };
    match instruction {
        Instruction::EmitRaw(text) => Ok(vec![Instruction::LoadConst(Value::from(*text)), Instruction::Emit]),
        Instruction::Add => call("+", 2),
        Instruction::StringConcat => call("~", 2),
        Instruction::Mul => call("*", 2),
        Instruction::Slice => call("[:]", 4),
        Instruction::BuildList(Some(count)) => call("[]", *count),
        Instruction::BuildTuple(Some(count)) => call("()", *count),
        Instruction::BuildMap(pairs) => call("{}", 2 * pairs),
        // The count lies on top of the items, as a call expects it.
        Instruction::BuildList(None) => Ok(vec![Instruction::CallFunction("[]", None)]),
        Instruction::SetAttr(_) => {
            Ok(vec![Instruction::Swap, Instruction::CallFunction("=", Some(1)), Instruction::Swap, instruction.clone()])
        }
        Instruction::ApplyFilter(name, ..) if !FILTERS.contains(name) => Err(format!("uses the filter {name}")),
        Instruction::BuildTuple(None) | Instruction::UnpackLists(_) => Err("spreads a list (*)".to_owned()),
        Instruction::FastSuper
        | Instruction::CallBlock(_)
        | Instruction::LoadBlocks
        | Instruction::Include(_)
        | Instruction::ExportLocals => Err("asks for another template".to_owned()),
        other => Ok(vec![other.clone()]),
    }
}
