/** A tiny highlighter: enough for the snippets, and no library. */

interface Token {
  text: string;
  kind: "plain" | "string" | "comment" | "keyword" | "number" | "variable";
}

const KEYWORDS =
  "import|from|as|while|if|raise|in|and|or|not|break|True|False|None|const|let|await|async|function|return|do|throw|new|curl|print|true|false|null";

const PATTERN = new RegExp(
  [
    String.raw`(?<comment>(?:^|(?<=\n))#[^\n]*)`,
    String.raw`(?<string>"(?:[^"\\\n]|\\.)*"|\`(?:[^\`\\]|\\.)*\`)`,
    String.raw`(?<variable>\$[A-Z_]+)`,
    String.raw`(?<keyword>\b(?:${KEYWORDS})\b)`,
    String.raw`(?<number>(?<![\w-])-?\d+(?:\.\d+)?\b)`,
  ].join("|"),
  "g",
);

export function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of code.matchAll(PATTERN)) {
    if (match.index > end) {
      tokens.push({ text: code.slice(end, match.index), kind: "plain" });
    }
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0];
    tokens.push({ text: match[0], kind: (kind ?? "plain") as Token["kind"] });
    end = match.index + match[0].length;
  }
  if (end < code.length) {
    tokens.push({ text: code.slice(end), kind: "plain" });
  }
  return tokens;
}
