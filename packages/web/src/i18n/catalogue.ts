// Every text of the page, English and Chinese side by side. A text that is missing in one language does not compile.
// {{name}} stands for a value; both languages use the same names (catalogue.test.ts).

interface Entry {
  en: string;
  zh: string;
}

const application = {
  "app.name": { en: "Myna", zh: "八哥" },
  "app.skip": { en: "Skip to the conversation", zh: "跳到对话" },
  "app.titleSuffix": { en: "{{title}} · Myna", zh: "{{title}} · 八哥" },
  "app.retry": { en: "Try again", zh: "重试" },
  "app.close": { en: "Close", zh: "关闭" },
  "app.cancel": { en: "Cancel", zh: "取消" },
  "app.undo": { en: "Undo", zh: "撤销" },
  "app.notFound": { en: "There is no page at this address.", zh: "这个地址没有页面。" },
  "app.goHome": { en: "Start a new conversation", zh: "开始新对话" },
  "app.broken": {
    en: "This page has run into a fault. What you wrote is kept.",
    zh: "页面出了故障。你写的内容都还在。",
  },
  "app.reload": { en: "Reload the page", zh: "重新加载" },
} satisfies Record<string, Entry>;

const welcome = {
  "welcome.title": { en: "What shall we talk about?", zh: "想聊点什么？" },
  "welcome.sentence": {
    en: "Myna is an assistant of your own: the model runs on the machine that serves this page, and your conversations stay there.",
    zh: "八哥是属于你自己的助手：模型就在提供本页的机器上运行，对话也只存在那里。",
  },
  "welcome.starters": { en: "Ideas to begin with", zh: "可以这样开始" },
  "welcome.starter1": { en: "Hello! What can you do?", zh: "你好！你能做什么？" },
  "welcome.starter2": { en: "What is the capital of Japan?", zh: "日本的首都是哪里？" },
  "welcome.starter3": { en: "Tell me a story about a bird.", zh: "给我讲个睡前故事吧。" },
  "welcome.starter4": { en: "How can I sleep better?", zh: "我睡不着，怎么办？" },
  "welcome.starterKind1": { en: "Say hello", zh: "打个招呼" },
  "welcome.starterKind2": { en: "Ask a question", zh: "问个问题" },
  "welcome.starterKind3": { en: "Hear a story", zh: "听个故事" },
  "welcome.starterKind4": { en: "Get some advice", zh: "听听建议" },
} satisfies Record<string, Entry>;

const list = {
  "list.label": { en: "Conversations", zh: "对话列表" },
  "list.open": { en: "Show conversations", zh: "显示对话列表" },
  "list.hide": { en: "Hide conversations", zh: "隐藏对话列表" },
  "list.new": { en: "New conversation", zh: "新对话" },
  "list.search": { en: "Search titles", zh: "搜索标题" },
  "list.clearSearch": { en: "Clear the search", zh: "清除搜索" },
  "list.noMatch": { en: "No title contains “{{query}}”.", zh: "没有标题包含“{{query}}”。" },
  "list.empty": { en: "Your conversations will be listed here.", zh: "你的对话会列在这里。" },
  "list.failed": { en: "The list could not be loaded.", zh: "无法加载对话列表。" },
  "list.more": { en: "Show older ones", zh: "显示更早的对话" },
  "list.actions": { en: "Actions for “{{title}}”", zh: "“{{title}}”的操作" },
  "list.rename": { en: "Rename", zh: "重命名" },
  "list.renameLabel": { en: "New title", zh: "新标题" },
  "list.renameFailed": { en: "The title was not saved.", zh: "标题没有保存。" },
  "list.delete": { en: "Delete", zh: "删除" },
  "list.deleted": { en: "Deleted “{{title}}”.", zh: "已删除“{{title}}”。" },
  "list.deleteFailed": { en: "“{{title}}” was not deleted.", zh: "“{{title}}”没有删除。" },
  "list.restored": { en: "“{{title}}” is back.", zh: "“{{title}}”已恢复。" },
  "list.untitled": { en: "New conversation", zh: "新对话" },
  "list.answering": { en: "answering", zh: "正在回答" },
  "list.today": { en: "Today", zh: "今天" },
  "list.yesterday": { en: "Yesterday", zh: "昨天" },
  "list.week": { en: "Past seven days", zh: "过去七天" },
  "list.older": { en: "Earlier", zh: "更早" },
} satisfies Record<string, Entry>;

const composer = {
  "composer.label": { en: "Your message", zh: "你的消息" },
  "composer.placeholder": { en: "Write to Myna", zh: "给八哥写点什么" },
  "composer.send": { en: "Send", zh: "发送" },
  "composer.stop": { en: "Stop answering", zh: "停止回答" },
  "composer.tooLong": {
    en: "Too long by {{excess}} characters; the limit is {{limit}}.",
    zh: "超出 {{excess}} 个字符，上限是 {{limit}} 个。",
  },
  "composer.notice": {
    en: "A small model, often wrong. Check what matters.",
    zh: "这是小模型，常会出错，重要的事请核实。",
  },
  "composer.noticeOfAny": { en: "Answers can be wrong. Check what matters.", zh: "回答可能有误，重要的事请核实。" },
  "composer.noModel": {
    en: "No model is loaded, so nothing can answer yet.",
    zh: "还没有加载模型，暂时无法回答。",
  },
} satisfies Record<string, Entry>;

const conversation = {
  "conversation.label": { en: "Conversation", zh: "对话" },
  "conversation.you": { en: "You", zh: "你" },
  "conversation.assistant": { en: "Myna", zh: "八哥" },
  "conversation.loading": { en: "Loading the conversation", zh: "正在加载对话" },
  "conversation.loadFailed": { en: "This conversation could not be loaded.", zh: "无法加载这个对话。" },
  "conversation.missing": {
    en: "This conversation does not exist, or was deleted.",
    zh: "这个对话不存在，或者已被删除。",
  },
  "conversation.older": { en: "Show earlier messages", zh: "显示更早的消息" },
  "conversation.jump": { en: "Jump to the latest", zh: "回到最新" },
  "conversation.copy": { en: "Copy", zh: "复制" },
  "conversation.copied": { en: "Copied", zh: "已复制" },
  "conversation.copyFailed": { en: "Your browser refused to copy.", zh: "浏览器不允许复制。" },
  "conversation.regenerate": { en: "Answer again", zh: "重新回答" },
  "conversation.edit": { en: "Edit", zh: "编辑" },
  "conversation.editLabel": { en: "Edit your message", zh: "编辑你的消息" },
  "conversation.editSend": { en: "Send as a new branch", zh: "作为新分支发送" },
  "conversation.branch": { en: "Version {{index}} of {{count}}", zh: "第 {{index}} 版，共 {{count}} 版" },
  "conversation.previousBranch": { en: "Previous version", zh: "上一版" },
  "conversation.nextBranch": { en: "Next version", zh: "下一版" },
  "conversation.started": { en: "Myna is answering.", zh: "八哥开始回答。" },
  "conversation.finished": { en: "Myna answered: {{text}}", zh: "八哥回答：{{text}}" },
  "conversation.emptyAnswer": { en: "The model ended without a word.", zh: "模型没有说话就结束了。" },
} satisfies Record<string, Entry>;

const status = {
  "status.sending": { en: "Sending", zh: "正在发送" },
  "status.queued": { en: "Waiting for its turn, {{count}} ahead", zh: "排队中，前面还有 {{count}} 个" },
  "status.reading": { en: "Reading, {{percent}} %", zh: "正在阅读，{{percent}}%" },
  "status.thinking": { en: "About to answer", zh: "即将回答" },
  "status.writing": { en: "Writing", zh: "正在写" },
  "status.written": { en: "{{tokens}} tokens, {{rate}} tokens/s", zh: "{{tokens}} 个词元，每秒 {{rate}} 个" },
  "status.tokens": { en: "{{tokens}} tokens", zh: "{{tokens}} 个词元" },
  "status.stopped": { en: "You stopped this answer.", zh: "你停止了这个回答。" },
  "status.length": {
    en: "Cut off at the length limit. Raise “Longest answer” in the settings.",
    zh: "到达长度上限而中断。可在设置中调高“最长回答”。",
  },
  "status.interrupted": { en: "The answer was interrupted.", zh: "回答被中断了。" },
  "status.failed": { en: "The answer failed. {{message}}", zh: "回答失败。{{message}}" },
  "status.offline": {
    en: "The connection is lost. Trying again; the answer continues where it was.",
    zh: "连接断开，正在重试；回答会从中断处继续。",
  },
  "status.sendFailed": { en: "Your message was not sent: {{message}}", zh: "消息没有发出：{{message}}" },
} satisfies Record<string, Entry>;

const failures = {
  "failure.unreachable": {
    en: "The server does not respond. Is it still running?",
    zh: "服务器没有回应。它还在运行吗？",
  },
  "failure.context": {
    en: "The conversation no longer fits into what the model can read. Start a new one, or shorten an earlier message.",
    zh: "对话已超出模型能读的长度。请开始新对话，或缩短之前的消息。",
  },
  "failure.busy": { en: "Too many are waiting already. Try again in a moment.", zh: "排队的人太多，请稍后再试。" },
  "failure.engine": {
    en: "The model has run into a fault and is being started again. Try once more.",
    zh: "模型出了故障，正在重新启动。请再试一次。",
  },
  "failure.timeout": { en: "It took too long. Try a shorter answer.", zh: "用时过长。请试试更短的回答。" },
  "failure.closing": { en: "The server is being stopped.", zh: "服务器正在关闭。" },
  "failure.storage": {
    en: "The server could not save it. Its disk may be full.",
    zh: "服务器无法保存，磁盘可能已满。",
  },
  "failure.tooLarge": { en: "That is more than the server accepts at once.", zh: "超出服务器一次能接收的大小。" },
  "failure.notFound": { en: "It is no longer there.", zh: "它已经不存在了。" },
  "failure.internal": {
    en: "A fault of Myna, not yours. The server's log says more.",
    zh: "这是八哥的故障，与你无关。详情见服务器日志。",
  },
} satisfies Record<string, Entry>;

const markdown = {
  "code.copy": { en: "Copy code", zh: "复制代码" },
  "code.label": { en: "Code in {{language}}", zh: "{{language}} 代码" },
  "code.plain": { en: "text", zh: "文本" },
  "code.scroll": { en: "Table, scrolls sideways", zh: "表格，可左右滚动" },
  "image.link": { en: "Image, not loaded: {{text}}", zh: "图片（未加载）：{{text}}" },
  "task.done": { en: "Done", zh: "已完成" },
  "task.open": { en: "Not done", zh: "未完成" },
  "image.untitled": { en: "untitled", zh: "无标题" },
} satisfies Record<string, Entry>;

const model = {
  "model.label": { en: "Model", zh: "模型" },
  "model.about": { en: "About the model {{name}}", zh: "关于模型 {{name}}" },
  "model.none": { en: "No model", zh: "没有模型" },
  "model.parameters": { en: "Parameters", zh: "参数量" },
  "model.context": { en: "Reads at most", zh: "最多能读" },
  "model.contextValue": { en: "{{tokens}} tokens", zh: "{{tokens}} 个词元" },
  "model.architecture": { en: "Architecture", zh: "架构" },
  "model.small": {
    en: "It was trained from nothing on one machine. It greets, tells little stories and gives simple advice; it does not know the world well, cannot calculate reliably, and sounds certain when it is wrong.",
    zh: "它是在一台机器上从零训练的。它会打招呼、讲小故事、给简单的建议；它对世界了解不多，计算不可靠，说错时语气也很肯定。",
  },
} satisfies Record<string, Entry>;

const settings = {
  "settings.title": { en: "Settings", zh: "设置" },
  "settings.open": { en: "Settings", zh: "设置" },
  "settings.appearance": { en: "Appearance", zh: "外观" },
  "settings.language": { en: "Language", zh: "语言" },
  "settings.theme": { en: "Theme", zh: "主题" },
  "settings.themeSystem": { en: "As the system", zh: "跟随系统" },
  "settings.themeLight": { en: "Light", zh: "浅色" },
  "settings.themeDark": { en: "Dark", zh: "深色" },
  "settings.answers": { en: "Answers", zh: "回答" },
  "settings.temperature": { en: "Temperature", zh: "温度" },
  "settings.temperatureHelp": { en: "Low is steady, high is inventive.", zh: "低则稳定，高则发散。" },
  "settings.topP": { en: "Top-p", zh: "Top-p" },
  "settings.topPHelp": { en: "Choose among the likeliest words only.", zh: "只从最可能的词里选。" },
  "settings.maxTokens": { en: "Longest answer", zh: "最长回答" },
  "settings.maxTokensHelp": { en: "In tokens, from 1 to {{limit}}.", zh: "以词元计，1 到 {{limit}}。" },
  "settings.seed": { en: "Seed", zh: "随机种子" },
  "settings.seedHelp": {
    en: "The same seed gives the same answer. Empty: a new one each time.",
    zh: "种子相同，回答相同。留空则每次不同。",
  },
  "settings.seedAny": { en: "any", zh: "随机" },
  "settings.systemPrompt": { en: "System prompt", zh: "系统提示" },
  "settings.systemPromptHelp": {
    en: "What the model is told at the start of new conversations.",
    zh: "新对话开始时告诉模型的话。",
  },
  "settings.systemPromptNone": { en: "You are a helpful assistant.", zh: "你是一个乐于助人的助手。" },
  "settings.byModel": { en: "model’s own", zh: "模型默认" },
  "settings.range": { en: "A number from {{least}} to {{most}}.", zh: "请填 {{least}} 到 {{most}} 之间的数。" },
  "settings.reset": { en: "Back to the defaults", zh: "恢复默认" },
} satisfies Record<string, Entry>;

const shortcuts = {
  "shortcuts.title": { en: "Keyboard", zh: "键盘" },
  "shortcuts.open": { en: "Keyboard shortcuts", zh: "键盘快捷键" },
  "shortcuts.send": { en: "Send the message", zh: "发送消息" },
  "shortcuts.newline": { en: "New line", zh: "换行" },
  "shortcuts.stop": { en: "Stop answering", zh: "停止回答" },
  "shortcuts.editLast": { en: "Edit your last message", zh: "编辑上一条消息" },
  "shortcuts.newConversation": { en: "New conversation", zh: "新对话" },
  "shortcuts.search": { en: "Search conversations", zh: "搜索对话" },
  "shortcuts.regenerate": { en: "Answer again", zh: "重新回答" },
  "shortcuts.copyLast": { en: "Copy the last answer", zh: "复制最后的回答" },
  "shortcuts.focus": { en: "Write", zh: "写消息" },
  "shortcuts.sidebar": { en: "Show or hide conversations", zh: "显示或隐藏对话列表" },
  "shortcuts.settings": { en: "Settings", zh: "设置" },
  "shortcuts.help": { en: "This sheet", zh: "打开本表" },
  "shortcuts.emptyField": { en: "in an empty field", zh: "输入框为空时" },
} satisfies Record<string, Entry>;

export const catalogue = {
  ...application,
  ...welcome,
  ...list,
  ...composer,
  ...conversation,
  ...status,
  ...failures,
  ...markdown,
  ...model,
  ...settings,
  ...shortcuts,
};

export type TextKey = keyof typeof catalogue;
