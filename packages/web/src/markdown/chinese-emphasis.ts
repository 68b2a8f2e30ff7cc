// Bold text next to Chinese punctuation. In CommonMark a closing ** that follows punctuation needs a space or more punctuation
// behind it, so **注意：**请看 stays full of asterisks, in a language that puts no spaces between words. An invisible
// mark between the punctuation and the asterisks lets them close; it is taken out of the parsed tree again.
// See https://github.com/commonmark/commonmark-spec/issues/650

interface TreeNode {
  type: string;
  value?: string;
  children?: TreeNode[];
}

/** Word joiner: neither space nor punctuation, and no width. */
const MARK = "\u2060";

const strong = /\*\*([^*\n]+)\*\*/g;
const hasChinese = /\p{Script=Han}/u;

/** The text with marks where the inner side of ** is punctuation. */
export function markEmphasis(text: string): string {
  if (!hasChinese.test(text)) return text;
  return text.replaceAll(strong, (_, inner: string) => {
    const before = /^[\p{P}\p{S}]/u.test(inner) ? MARK : "";
    const after = /[\p{P}\p{S}]$/u.test(inner) ? MARK : "";
    return `**${before}${inner}${after}**`;
  });
}

/** A remark plugin: takes the marks out again, from code too, where they changed nothing. */
export function removeMarks() {
  return (tree: TreeNode): void => visit(tree);
}

function visit(node: TreeNode): void {
  if (node.value?.includes(MARK)) node.value = node.value.replaceAll(MARK, "");
  node.children?.forEach(visit);
}
