// What the highlighter knows of each language: its comments, strings, and words with a meaning.

export interface CodeLanguage {
  /** Text up to the end of the line after one of these is a comment. */
  lineComments: string[];
  /** Pairs of opening and closing text. */
  blockComments: [string, string][];
  /** Pairs too; a closing quote after a backslash does not close. Longest first. */
  strings: [string, string][];
  keywords: Set<string>;
  /** SQL's keywords may be written in any case. */
  isCaseInsensitive?: boolean;
}

const words = (text: string) => new Set(text.trim().split(/\s+/));
const quotes: [string, string][] = [
  ['"', '"'],
  ["'", "'"],
];
const cComments: Pick<CodeLanguage, "lineComments" | "blockComments"> = {
  lineComments: ["//"],
  blockComments: [["/*", "*/"]],
};
const hashComments: Pick<CodeLanguage, "lineComments" | "blockComments"> = { lineComments: ["#"], blockComments: [] };

const script: CodeLanguage = {
  ...cComments,
  strings: [["`", "`"], ...quotes],
  keywords: words(`
    abstract as async await break case catch class const continue debugger declare default delete do else enum export
    extends false finally for from function get if implements import in infer instanceof interface is keyof let namespace
    new null of override private protected public readonly return satisfies set static super switch this throw true try
    type typeof undefined unknown var void while with yield boolean number string never`),
};

const python: CodeLanguage = {
  ...hashComments,
  strings: [['"""', '"""'], ["'''", "'''"], ...quotes],
  keywords: words(`
    and as assert async await break case class continue def del elif else except False finally for from global if import
    in is lambda match None nonlocal not or pass raise return self True try while with yield`),
};

const cFamily: CodeLanguage = {
  ...cComments,
  strings: [['"""', '"""'], ...quotes],
  keywords: words(`
    abstract auto bool boolean break byte case catch char class const constexpr continue default delete do double else enum
    explicit extends extern false final finally float for friend fun goto if implements import include inline instanceof int
    interface internal let long namespace new null nullptr operator override package private protected public readonly
    return sealed short signed sizeof static string struct super switch synchronized template this throw throws true try
    typedef typename union unsigned using val var virtual void volatile when while`),
};

const go: CodeLanguage = {
  ...cComments,
  strings: [["`", "`"], ...quotes],
  keywords: words(`
    any bool break byte case chan const continue default defer else error fallthrough false float32 float64 for func go goto
    if import int int32 int64 interface iota make map nil package range return rune select string struct switch true type
    uint uint8 uint32 uint64 var`),
};

const rust: CodeLanguage = {
  ...cComments,
  // A single quote may begin a lifetime, so it begins no string.
  strings: [['"', '"']],
  keywords: words(`
    as async await bool break const continue crate dyn else enum extern f32 f64 false fn for i32 i64 if impl in let loop
    match mod move mut Option pub ref Result return self Self static str String struct super trait true type u8 u32 u64
    unsafe use usize Vec where while`),
};

const shell: CodeLanguage = {
  ...hashComments,
  strings: quotes,
  keywords: words(`
    alias case cat cd cp do docker done echo elif else esac eval exec exit export fi for function git grep if in kill local
    ls mkdir mv node npm npx pip python read return rm sed set shift source sudo then unset until while`),
};

const sql: CodeLanguage = {
  lineComments: ["--"],
  blockComments: [["/*", "*/"]],
  strings: quotes,
  keywords: words(`
    add all alter and as asc begin between by case check column commit constraint count create cross default delete desc
    distinct drop else end exists foreign from full group having if in index inner insert integer into is join key left like
    limit not null offset on or order outer primary references returning right rollback select set sum table text then
    transaction union unique update values varchar view when where with`),
  isCaseInsensitive: true,
};

const data: CodeLanguage = { ...cComments, strings: quotes, keywords: words("true false null") };
const yaml: CodeLanguage = { ...hashComments, strings: quotes, keywords: words("true false null yes no on off") };
const markup: CodeLanguage = {
  lineComments: [],
  blockComments: [["<!--", "-->"]],
  strings: quotes,
  keywords: words(`
    a article aside body br button div doctype footer form h1 h2 h3 head header html img input label li link main meta nav
    ol option p script section select span strong style svg table tbody td textarea th thead title tr ul`),
};
const styles: CodeLanguage = {
  lineComments: [],
  blockComments: [["/*", "*/"]],
  strings: quotes,
  keywords: words("auto block flex grid important inherit initial inline media none solid supports unset var"),
};

const languages: [string, CodeLanguage][] = [
  ["js jsx mjs cjs javascript ts tsx mts typescript", script],
  ["py python python3", python],
  ["c h cc cpp c++ cs csharp c# java kotlin kt swift dart php scala", cFamily],
  ["go golang", go],
  ["rs rust", rust],
  ["sh bash zsh shell console powershell", shell],
  ["sql sqlite postgres postgresql mysql", sql],
  ["json jsonc json5", data],
  ["yaml yml toml ini dockerfile makefile ruby rb perl r", yaml],
  ["html xml svg vue", markup],
  ["css scss less", styles],
];

const byName = new Map(languages.flatMap(([names, language]) => names.split(" ").map((name) => [name, language])));

/** The rules for a name written after the opening fence, if there are any. */
export function findLanguage(name: string): CodeLanguage | undefined {
  return byName.get(name.toLowerCase());
}
