// The addresses of the page and what is shown at each.

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  Link,
  RouterProvider,
} from "@tanstack/react-router";
import { ConversationPage } from "./conversation/conversation-page.tsx";
import { NewConversationPage } from "./conversation/new-conversation-page.tsx";
import { useText } from "./i18n/i18n.ts";
import { MynaMark } from "./icons/myna-mark.tsx";
import { Shell } from "./shell/shell.tsx";

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Broken });
const newRoute = createRoute({ getParentRoute: () => rootRoute, path: "/", component: NewConversationPage });
const conversationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/c/$conversationId",
  component: function CurrentConversation() {
    const { conversationId } = conversationRoute.useParams();
    return <ConversationPage key={conversationId} conversationId={conversationId} />;
  },
});

const router = createRouter({ routeTree: rootRoute.addChildren([newRoute, conversationRoute]) });
declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

const queries = new QueryClient({ defaultOptions: { queries: { retry: 2 } } });

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}

function NotFound() {
  const text = useText();
  return (
    <div className="grid flex-1 place-content-center justify-items-center gap-4 p-6 text-center">
      <MynaMark className="size-14" />
      <p>{text("app.notFound")}</p>
      <Link to="/" className="rounded-xl bg-accent px-4 py-2 font-medium text-on-accent">
        {text("app.goHome")}
      </Link>
    </div>
  );
}

function Broken({ error }: ErrorComponentProps) {
  const text = useText();
  return (
    <div role="alert" className="grid h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <MynaMark className="size-14" />
      <p>{text("app.broken")}</p>
      <pre className="max-w-full overflow-x-auto text-sm text-muted">
        {error instanceof Error ? error.message : String(error)}
      </pre>
      <button
        type="button"
        className="rounded-xl bg-accent px-4 py-2 font-medium text-on-accent"
        onClick={() => location.reload()}
      >
        {text("app.reload")}
      </button>
    </div>
  );
}
