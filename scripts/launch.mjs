// Starts a program in the foreground as if it had been started itself: same terminal, signals passed on, same exit code.

import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * @param {string} command
 * @param {string[]} parameters
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} the exit code; 128 + number if a signal ended it, as a shell reports it
 */
export function launch(command, parameters, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: "inherit", ...options });
    const forward = (signal) => {
      // Ctrl-C on a terminal reaches the whole foreground group: a second copy would look like a second Ctrl-C.
      if (signal === "SIGINT" && isTerminal()) return;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const finish = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.on("error", (error) => {
      finish();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      finish();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function isTerminal() {
  return process.stdin.isTTY === true || process.stdout.isTTY === true || process.stderr.isTTY === true;
}
