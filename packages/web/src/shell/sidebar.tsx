// The column at the side, or the drawer on a narrow screen: a new conversation, the list, and the way to settings and help.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useText } from "../i18n/i18n.ts";
import { KeyboardIcon, NewIcon, SettingsIcon, SidebarIcon } from "../icons/icons.ts";
import { MynaMark } from "../icons/myna-mark.tsx";

interface SidebarProps {
  /** The list. */
  children: ReactNode;
  onHide: () => void;
  onFollow: () => void;
  onOpenSettings: () => void;
  onOpenHelp: () => void;
}

export function Sidebar({ children, onHide, onFollow, onOpenSettings, onOpenHelp }: SidebarProps) {
  const text = useText();
  return (
    <nav aria-label={text("list.label")} className="flex h-full min-h-0 flex-col">
      <div className="flex items-center justify-between p-2.5 ps-4">
        <Link
          to="/"
          onClick={onFollow}
          className="flex items-center gap-2.5 rounded-lg text-lg font-semibold tracking-tight"
        >
          <MynaMark className="size-7" />
          {text("app.name")}
        </Link>
        <button
          type="button"
          className="icon-button"
          onClick={onHide}
          aria-label={text("list.hide")}
          title={text("list.hide")}
        >
          <SidebarIcon />
        </button>
      </div>
      <div className="px-3 pt-1 pb-2.5">
        <Link
          to="/"
          onClick={onFollow}
          className="flex min-h-10 items-center gap-2.5 rounded-xl border border-line bg-raised px-3 text-[0.925rem] font-medium transition-colors hover:border-accent"
        >
          <NewIcon className="size-4.5 text-accent-text" aria-hidden="true" />
          {text("list.new")}
        </Link>
      </div>
      {children}
      <div className="flex items-center gap-1 border-t border-line p-2">
        <button
          type="button"
          className="flex min-h-10 flex-1 items-center gap-2.5 rounded-xl px-3 text-[0.925rem] hover:bg-hover"
          onClick={onOpenSettings}
        >
          <SettingsIcon className="size-4.5 text-muted" aria-hidden="true" />
          {text("settings.open")}
        </button>
        <button
          type="button"
          className="icon-button"
          onClick={onOpenHelp}
          aria-label={text("shortcuts.open")}
          title={text("shortcuts.open")}
        >
          <KeyboardIcon />
        </button>
      </div>
    </nav>
  );
}
