// One conversation of the list: a link to it, and what can be done with it.

import type { Conversation } from "@myna/protocol";
import { Link } from "@tanstack/react-router";
import { DropdownMenu } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { useText } from "../i18n/i18n.ts";
import { DeleteIcon, EditIcon, MoreIcon } from "../icons/icons.ts";

/** The server's limit. */
const LONGEST_TITLE = 200;

interface ListItemProps {
  conversation: Conversation;
  isAnswering: boolean;
  onRename: (title: string) => void;
  onDelete: () => void;
  onFollow: () => void;
}

export function ListItem({ conversation, isAnswering, onRename, onDelete, onFollow }: ListItemProps) {
  const text = useText();
  const [isRenaming, setIsRenaming] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  const title = conversation.title ?? text("list.untitled");
  const remove = () => {
    // The focus goes to a neighbour, so that somebody at the keyboard is not thrown out of the list.
    const item = link.current?.closest("li");
    const neighbour = item?.nextElementSibling ?? item?.previousElementSibling;
    neighbour?.querySelector("a")?.focus();
    onDelete();
  };
  if (isRenaming) {
    return (
      <li>
        <TitleEditor
          initial={title}
          onDone={(changed) => {
            setIsRenaming(false);
            if (changed !== undefined && changed !== title) onRename(changed);
            requestAnimationFrame(() => link.current?.focus());
          }}
        />
      </li>
    );
  }
  return (
    <li className="group relative">
      <Link
        ref={link}
        to="/c/$conversationId"
        params={{ conversationId: conversation.id }}
        onClick={onFollow}
        onKeyDown={(event) => {
          if (event.key === "F2") setIsRenaming(true);
          if (event.key === "Delete") remove();
        }}
        title={title}
        className="flex min-h-9 items-center rounded-xl py-1.5 ps-3 pe-10 text-[0.925rem] leading-snug hover:bg-hover aria-[current=page]:bg-hover aria-[current=page]:font-medium"
      >
        <bdi className="truncate">{title}</bdi>
        {isAnswering && (
          <span
            className="ms-2 size-2 shrink-0 animate-pulse rounded-full bg-accent"
            role="img"
            aria-label={text("list.answering")}
          />
        )}
      </Link>
      <ItemMenu title={title} onRename={() => setIsRenaming(true)} onDelete={remove} />
    </li>
  );
}

function ItemMenu({ title, onRename, onDelete }: { title: string; onRename: () => void; onDelete: () => void }) {
  const text = useText();
  const item =
    "flex min-h-9 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 text-sm outline-none data-highlighted:bg-hover [&>svg]:size-4";
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className="icon-button absolute inset-y-0 end-0.5 my-auto size-8! min-h-0! can-hover:opacity-0 can-hover:group-hover:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100"
        aria-label={text("list.actions", { title })}
      >
        <MoreIcon />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          // The field for the new title takes the focus, not the button that opened the menu.
          onCloseAutoFocus={(event) => event.preventDefault()}
          className="appear z-[60] min-w-40 rounded-xl border border-line bg-raised p-1 shadow-raised"
        >
          <DropdownMenu.Item className={item} onSelect={onRename}>
            <EditIcon aria-hidden="true" />
            {text("list.rename")}
          </DropdownMenu.Item>
          <DropdownMenu.Item className={`${item} text-danger`} onSelect={onDelete}>
            <DeleteIcon aria-hidden="true" />
            {text("list.delete")}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function TitleEditor({ initial, onDone }: { initial: string; onDone: (title: string | undefined) => void }) {
  const text = useText();
  const [title, setTitle] = useState(initial);
  const field = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useEffect(() => {
    // After the menu that was used has gone.
    const frame = requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.select();
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  const finish = (isKept: boolean) => {
    if (isDone.current) return;
    isDone.current = true;
    const trimmed = title.trim();
    onDone(isKept && trimmed !== "" ? trimmed : undefined);
  };
  return (
    <input
      ref={field}
      value={title}
      maxLength={LONGEST_TITLE}
      aria-label={text("list.renameLabel")}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") finish(true);
        if (event.key === "Escape") {
          event.stopPropagation();
          event.preventDefault();
          finish(false);
        }
      }}
      className="min-h-9 w-full rounded-xl border border-edge bg-page px-3 text-[0.925rem]"
    />
  );
}
