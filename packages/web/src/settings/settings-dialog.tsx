// The settings, as a person sees them: how the page looks and how answers are made.

import type { SamplingOptions, Settings, UpdateSettingsRequest } from "@myna/protocol";
import { type ReactNode, useId, useState } from "react";
import { chooseLanguage, type Language, languages, useLanguage, useText } from "../i18n/i18n.ts";
import { chooseTheme, themes, useTheme } from "../theme/theme.ts";
import { Choice } from "../ui/choice.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { readNumber } from "./number-field.ts";

interface SettingsDialogProps {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  /** Undefined until the server has told them. */
  settings: Settings | undefined;
  /** Longest answer that the model can give, in tokens. */
  contextLength: number | undefined;
  onChange: (change: UpdateSettingsRequest) => void;
}

export function SettingsDialog({ isOpen, onOpenChange, settings, contextLength, onChange }: SettingsDialogProps) {
  const text = useText();
  return (
    <Dialog isOpen={isOpen} onOpenChange={onOpenChange} title={text("settings.title")}>
      <Appearance />
      {settings !== undefined && (
        <Answers settings={settings} contextLength={contextLength ?? 1_000_000} onChange={onChange} />
      )}
    </Dialog>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mb-6 grid gap-4 last:mb-0">
      <h3 className="border-b border-line pb-1.5 text-sm font-semibold text-muted">{title}</h3>
      {children}
    </section>
  );
}

function Appearance() {
  const text = useText();
  const language = useLanguage();
  const theme = useTheme();
  const themeNames = {
    system: text("settings.themeSystem"),
    light: text("settings.themeLight"),
    dark: text("settings.themeDark"),
  };
  return (
    <Section title={text("settings.appearance")}>
      <Labelled label={text("settings.language")}>
        <Choice<Language>
          label={text("settings.language")}
          value={language}
          options={[
            { value: "en", label: languages.en, lang: "en" },
            { value: "zh", label: languages.zh, lang: "zh-CN" },
          ]}
          onChange={(chosen) => void chooseLanguage(chosen)}
        />
      </Labelled>
      <Labelled label={text("settings.theme")}>
        <Choice
          label={text("settings.theme")}
          value={theme}
          options={themes.map((value) => ({ value, label: themeNames[value] }))}
          onChange={chooseTheme}
        />
      </Labelled>
    </Section>
  );
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid gap-1.5">
      <span className="text-sm font-medium" aria-hidden="true">
        {label}
      </span>
      {children}
    </div>
  );
}

interface AnswersProps {
  settings: Settings;
  contextLength: number;
  onChange: (change: UpdateSettingsRequest) => void;
}

function Answers({ settings, contextLength, onChange }: AnswersProps) {
  const text = useText();
  const { options } = settings;
  const change = (name: keyof SamplingOptions, value: number | undefined) => {
    const { [name]: _, ...others } = options;
    onChange({ options: value === undefined ? others : { ...others, [name]: value } });
  };
  return (
    <Section title={text("settings.answers")}>
      <NumberRow
        label={text("settings.temperature")}
        help={text("settings.temperatureHelp")}
        value={options.temperature}
        least={0}
        most={2}
        step={0.05}
        onChange={(value) => change("temperature", value)}
      />
      <NumberRow
        label={text("settings.topP")}
        help={text("settings.topPHelp")}
        value={options.topP}
        least={0.01}
        most={1}
        step={0.01}
        onChange={(value) => change("topP", value)}
      />
      <NumberRow
        label={text("settings.maxTokens")}
        help={text("settings.maxTokensHelp", { limit: contextLength })}
        value={options.maxTokens}
        least={1}
        most={contextLength}
        onChange={(value) => change("maxTokens", value)}
      />
      <NumberRow
        label={text("settings.seed")}
        help={text("settings.seedHelp")}
        placeholder={text("settings.seedAny")}
        value={options.seed}
        least={0}
        most={Number.MAX_SAFE_INTEGER}
        onChange={(value) => change("seed", value)}
      />
      <SystemPrompt value={settings.systemPrompt} onChange={(systemPrompt) => onChange({ systemPrompt })} />
      <button
        type="button"
        className="justify-self-start rounded-lg text-sm text-muted underline underline-offset-4 hover:text-ink"
        onClick={() => onChange({ options: {}, systemPrompt: null })}
      >
        {text("settings.reset")}
      </button>
    </Section>
  );
}

interface NumberRowProps {
  label: string;
  help: string;
  placeholder?: string;
  value: number | undefined;
  least: number;
  most: number;
  /** With a step there is a slider too; without one, only whole numbers pass. */
  step?: number;
  onChange: (value: number | undefined) => void;
}

function NumberRow({ label, help, placeholder, value, least, most, step, onChange }: NumberRowProps) {
  const text = useText();
  const id = useId();
  const [typed, setTyped] = useState<string>();
  const shown = typed ?? (value === undefined ? "" : String(value));
  const isWrong = readNumber(shown, least, most, step === undefined) === null;
  const type = (written: string) => {
    setTyped(written);
    const read = readNumber(written, least, most, step === undefined);
    if (read !== null) onChange(read);
  };
  return (
    <div className="grid grid-cols-[1fr_auto] items-center gap-x-4">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        inputMode={step === undefined ? "numeric" : "decimal"}
        autoComplete="off"
        value={shown}
        placeholder={placeholder ?? text("settings.byModel")}
        aria-invalid={isWrong}
        aria-describedby={`${id}-help`}
        onChange={(event) => type(event.target.value)}
        onBlur={() => setTyped(undefined)}
        className="h-9 w-28 rounded-lg border border-edge/60 bg-page px-2.5 text-end text-sm tabular-nums placeholder:text-muted aria-invalid:border-danger aria-invalid:text-danger"
      />
      <p id={`${id}-help`} className={`text-[0.8rem] ${isWrong ? "text-danger" : "text-muted"}`}>
        {isWrong ? text("settings.range", { least, most }) : help}
      </p>
      {step !== undefined && (
        <input
          type="range"
          aria-label={label}
          min={least}
          max={most}
          step={step}
          value={value ?? 1}
          onChange={(event) => {
            setTyped(undefined);
            onChange(event.target.valueAsNumber);
          }}
          className="slider w-28"
        />
      )}
    </div>
  );
}

function SystemPrompt({ value, onChange }: { value: string | null; onChange: (value: string | null) => void }) {
  const text = useText();
  const id = useId();
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {text("settings.systemPrompt")}
      </label>
      <textarea
        id={id}
        rows={3}
        value={value ?? ""}
        placeholder={text("settings.systemPromptNone")}
        aria-describedby={`${id}-help`}
        onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
        className="w-full resize-y rounded-lg border border-edge/60 bg-page px-3 py-2 text-sm placeholder:text-muted"
      />
      <p id={`${id}-help`} className="text-[0.8rem] text-muted">
        {text("settings.systemPromptHelp")}
      </p>
    </div>
  );
}
