// The frame around every page: list at the side, bar at the top, dialogs and notices over it.

import type { Conversation } from "@myna/protocol";
import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { Dialog } from "radix-ui";
import { lazy, type RefObject, Suspense, useEffect, useRef, useState } from "react";
import { errorText } from "../api/failure-text.ts";
import { connectList, forgetConversation, useAnswering } from "../conversation/open-conversations.ts";
import { ConversationList } from "../conversation-list/conversation-list.tsx";
import { deletions, listKey, useConversations, useRename } from "../conversation-list/list-data.ts";
import { useText } from "../i18n/i18n.ts";
import { NewIcon, SidebarIcon } from "../icons/icons.ts";
import { isSmall, ModelInfo, useModel } from "../model-info/model-info.tsx";
import { useSettings, useUpdateSettings } from "../settings/settings.ts";
import { useShortcuts } from "../shortcuts/shortcuts.ts";
import { useFocusReturn } from "../ui/dialog.tsx";
import { Notices, notify } from "../ui/notices.tsx";
import { FieldContext } from "./field-context.ts";
import { Sidebar } from "./sidebar.tsx";
import { useIsWide } from "./use-is-wide.ts";

const SettingsDialog = lazy(() =>
  import("../settings/settings-dialog.tsx").then((module) => ({ default: module.SettingsDialog })),
);
const HelpSheet = lazy(() => import("../shortcuts/help-sheet.tsx").then((module) => ({ default: module.HelpSheet })));

const SIDEBAR_KEY = "myna.sidebar";

export function Shell() {
  const text = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const isWide = useIsWide();
  const model = useModel();
  const refusal = model === null ? text("composer.noModel") : undefined;
  const notice = text(isSmall(model) ? "composer.notice" : "composer.noticeOfAny");
  const { data: settings } = useSettings();
  const updateSettings = useUpdateSettings((error) => notify({ text: errorText(text, error) }));
  const { conversationId } = useParams({ strict: false });
  const [isSidebarShown, setIsSidebarShown] = useState(() => localStorage.getItem(SIDEBAR_KEY) !== "hidden");
  const [isDrawerOpen, setIsDrawerOpen] = useState(false);
  const [openDialog, setOpenDialog] = useState<"settings" | "help">();
  const searchField = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const focusReturn = useFocusReturn();

  useEffect(() => connectList(() => void client.invalidateQueries({ queryKey: listKey })), [client]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a drawer left open would come back with the next narrow window
  useEffect(() => setIsDrawerOpen(false), [isWide]);

  const showList = (isShown: boolean) => {
    if (!isWide) return setIsDrawerOpen(isShown);
    localStorage.setItem(SIDEBAR_KEY, isShown ? "shown" : "hidden");
    setIsSidebarShown(isShown);
  };
  const isListShown = isWide ? isSidebarShown : isDrawerOpen;
  useShortcuts({
    focus: () => field.current?.focus(),
    newConversation: () => void navigate({ to: "/" }),
    search: () => {
      showList(true);
      requestAnimationFrame(() => searchField.current?.focus());
    },
    sidebar: () => showList(!isListShown),
    settings: () => setOpenDialog("settings"),
    help: () => setOpenDialog("help"),
  });

  const list = (
    <Sidebar
      onHide={() => showList(false)}
      onFollow={() => setIsDrawerOpen(false)}
      onOpenSettings={() => {
        setIsDrawerOpen(false);
        setOpenDialog("settings");
      }}
      onOpenHelp={() => {
        setIsDrawerOpen(false);
        setOpenDialog("help");
      }}
    >
      <ConnectedList searchField={searchField} current={conversationId} onFollow={() => setIsDrawerOpen(false)} />
    </Sidebar>
  );
  return (
    <div className="flex h-dvh">
      <button
        type="button"
        onClick={() => document.getElementById("main")?.focus()}
        className="fixed start-3 top-3 z-50 -translate-y-20 rounded-lg bg-ink px-4 py-2 text-page focus:translate-y-0"
      >
        {text("app.skip")}
      </button>
      {isWide && isSidebarShown && <div className="w-68 shrink-0 border-e border-line bg-paper">{list}</div>}
      {!isWide && (
        <Dialog.Root open={isDrawerOpen} onOpenChange={setIsDrawerOpen}>
          <Dialog.Portal>
            <Dialog.Overlay className="fixed inset-0 z-40 bg-black/35" />
            <Dialog.Content
              aria-describedby={undefined}
              {...focusReturn}
              className="slide-in fixed inset-y-0 start-0 z-50 w-[min(20rem,86vw)] bg-paper shadow-raised"
            >
              <Dialog.Title className="sr-only">{text("list.label")}</Dialog.Title>
              {list}
            </Dialog.Content>
          </Dialog.Portal>
        </Dialog.Root>
      )}
      <div className="relative flex min-w-0 flex-1 flex-col">
        <header className="flex h-13 shrink-0 items-center gap-1 px-2">
          {!(isWide && isSidebarShown) && (
            <>
              <button
                type="button"
                className="icon-button"
                onClick={() => showList(true)}
                aria-label={text("list.open")}
                title={text("list.open")}
              >
                <SidebarIcon />
              </button>
              <button
                type="button"
                className="icon-button"
                onClick={() => void navigate({ to: "/" })}
                aria-label={text("list.new")}
                title={text("list.new")}
              >
                <NewIcon />
              </button>
            </>
          )}
          <CurrentTitle conversationId={conversationId} />
          <ModelInfo model={model} />
        </header>
        <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
          <FieldContext value={{ field, refusal, notice }}>
            <Outlet />
          </FieldContext>
        </main>
        <Notices />
      </div>
      <Suspense>
        {openDialog === "settings" && (
          <SettingsDialog
            isOpen
            onOpenChange={() => setOpenDialog(undefined)}
            settings={settings}
            contextLength={model?.context_length}
            onChange={updateSettings}
          />
        )}
        {openDialog === "help" && <HelpSheet isOpen onOpenChange={() => setOpenDialog(undefined)} />}
      </Suspense>
    </div>
  );
}

function CurrentTitle({ conversationId }: { conversationId: string | undefined }) {
  const text = useText();
  const { conversations } = useConversations();
  const title = conversations.find(({ id }) => id === conversationId)?.title;
  const shown = conversationId === undefined ? "" : (title ?? text("list.untitled"));
  useEffect(() => {
    document.title = shown === "" ? text("app.name") : text("app.titleSuffix", { title: shown });
  }, [shown, text]);
  return (
    <p className="min-w-0 flex-1 truncate px-2 text-[0.925rem] font-medium">
      <bdi>{shown}</bdi>
    </p>
  );
}

interface ConnectedListProps {
  searchField: RefObject<HTMLInputElement | null>;
  current: string | undefined;
  onFollow: () => void;
}

function ConnectedList({ searchField, current, onFollow }: ConnectedListProps) {
  const text = useText();
  const navigate = useNavigate();
  const rename = useRename();
  const answering = useAnswering();
  const titleOf = (conversation: Conversation) => conversation.title ?? text("list.untitled");
  const onDelete = (conversation: Conversation) => {
    const title = titleOf(conversation);
    const undo = deletions.begin(conversation.id, () => notify({ text: text("list.deleteFailed", { title }) }));
    forgetConversation(conversation.id);
    const wasShown = current === conversation.id;
    if (wasShown) void navigate({ to: "/" });
    notify({
      text: text("list.deleted", { title }),
      action: {
        label: text("app.undo"),
        run: () => {
          if (!undo()) return;
          notify({ text: text("list.restored", { title }) });
          if (wasShown) void navigate({ to: "/c/$conversationId", params: { conversationId: conversation.id } });
        },
      },
    });
  };
  return (
    <ConversationList
      searchField={searchField}
      answering={answering}
      onRename={({ id }, title) =>
        rename.mutate({ id, title }, { onError: () => notify({ text: text("list.renameFailed") }) })
      }
      onDelete={onDelete}
      onFollow={onFollow}
    />
  );
}
