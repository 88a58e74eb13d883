"use strict";

// The copy button beside the command.
(() => {
  const button = document.getElementById("copy");
  const code = document.getElementById("command");
  if (!button) return;

  async function copy() {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand("copy");
    }
  }

  button.addEventListener("click", async () => {
    button.textContent = (await copy()) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
})();
