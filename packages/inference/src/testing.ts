/** What other packages' tests need of this one. */
export {
  createScriptedEngine,
  type ScriptedEngine,
  type ScriptedEngineOptions,
  type ScriptedReply,
  scriptedTokens,
} from "./engine/scripted-engine.ts";
