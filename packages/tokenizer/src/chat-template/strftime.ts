/** Python's strftime in English, as far as chat templates use it: Llama 3's writes today's date into the system prompt. */
import { ChatTemplateError, quote } from "../errors.ts";

const months = "January February March April May June July August September October November December".split(" ");
const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const padded = (value: number): string => String(value).padStart(2, "0");

const directives: Record<string, (date: Date) => string> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => padded(date.getFullYear() % 100),
  m: (date) => padded(date.getMonth() + 1),
  d: (date) => padded(date.getDate()),
  B: (date) => months[date.getMonth()]!,
  b: (date) => months[date.getMonth()]!.slice(0, 3),
  A: (date) => days[date.getDay()]!,
  a: (date) => days[date.getDay()]!.slice(0, 3),
  H: (date) => padded(date.getHours()),
  I: (date) => padded(date.getHours() % 12 || 12),
  M: (date) => padded(date.getMinutes()),
  S: (date) => padded(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  "%": () => "%",
};

/**
 * @param format such as "%d %b %Y"; local time
 * @throws {ChatTemplateError} for a directive that is not known
 */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(.?)/gs, (directive, letter: string) => {
    if (Object.hasOwn(directives, letter)) return directives[letter]!(date);
    throw new ChatTemplateError({
      where: "chat template strftime_now",
      found: quote(directive),
      expected: `one of ${Object.keys(directives).join(" ")} after %`,
      fix: "give the date to the template as a variable, such as date_string",
    });
  });
}
