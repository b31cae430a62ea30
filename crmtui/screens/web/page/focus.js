// Keys go to the screens at once, without a click first, and come back to them with the window.
const focus = () => document.querySelector(".xterm-helper-textarea")?.focus();
window.addEventListener("load", () => setTimeout(focus));
window.addEventListener("focus", focus);
