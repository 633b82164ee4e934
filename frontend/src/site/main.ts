import "vite/modulepreload-polyfill";
import "./site.css";
import Alpine from "@alpinejs/csp";
import { followCodeLink } from "./codeLink";
import { setUpDialogs } from "./dialogs";
import { setUpGallery } from "./gallery";
import { setUpHtmx } from "./htmx";
import { appearance } from "./parts/appearance";
import { compare } from "./parts/compare";
import { copy } from "./parts/copy";
import { drawer } from "./parts/drawer";
import { dropzone } from "./parts/dropzone";
import { hovervideo } from "./parts/hovervideo";
import { lightbox } from "./parts/lightbox";
import { menu } from "./parts/menu";
import { reveal } from "./parts/reveal";
import { tabs } from "./parts/tabs";
import { colourBrowser, theme } from "./parts/theme";
import { setUpPasskeys } from "./passkeys";
import { setUpShortcuts } from "./shortcuts";
import { listenForToasts, showNotices } from "./toast";

const PARTS = {
  appearance,
  compare,
  copy,
  drawer,
  dropzone,
  hovervideo,
  lightbox,
  menu,
  reveal,
  tabs,
  theme,
};

for (const [name, part] of Object.entries(PARTS)) Alpine.data(name, part);
setUpHtmx();
setUpGallery(document);
setUpShortcuts();
setUpDialogs();
setUpPasskeys();
followCodeLink(document, window.location, window.history);
listenForToasts();
colourBrowser();
Alpine.start();
showNotices();
document.querySelector<HTMLElement>("[data-focus]")?.focus();
