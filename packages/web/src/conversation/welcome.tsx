// Before the first message: what this is, in a sentence, and four ways to begin.

import type { TextKey } from "../i18n/catalogue.ts";
import { useText } from "../i18n/i18n.ts";
import { MynaMark } from "../icons/myna-mark.tsx";

const starters: { kind: TextKey; question: TextKey }[] = [
  { kind: "welcome.starterKind1", question: "welcome.starter1" },
  { kind: "welcome.starterKind2", question: "welcome.starter2" },
  { kind: "welcome.starterKind3", question: "welcome.starter3" },
  { kind: "welcome.starterKind4", question: "welcome.starter4" },
];

interface WelcomeProps {
  isDisabled: boolean;
  onStart: (question: string) => void;
}

export function Welcome({ isDisabled, onStart }: WelcomeProps) {
  const text = useText();
  return (
    <div className="mx-auto flex min-h-full w-full max-w-[46rem] flex-col justify-center px-5 py-8 sm:px-6">
      <MynaMark className="mb-5 size-16" />
      <h1 className="text-3xl font-semibold tracking-tight text-balance sm:text-4xl">{text("welcome.title")}</h1>
      <p className="mt-3 max-w-prose text-muted sm:text-lg">{text("welcome.sentence")}</p>
      <ul className="mt-8 grid gap-2.5 sm:grid-cols-2" aria-label={text("welcome.starters")}>
        {starters.map(({ kind, question }) => (
          <li key={question} className="flex">
            <button
              type="button"
              disabled={isDisabled}
              onClick={() => onStart(text(question))}
              className="group w-full rounded-2xl border border-line bg-raised px-4 py-3.5 text-start transition hover:border-accent hover:bg-accent-wash disabled:opacity-60"
            >
              <span className="block text-[0.8rem] font-medium text-accent-text">{text(kind)}</span>
              <span className="mt-0.5 block leading-snug">{text(question)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
