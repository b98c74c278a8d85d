// The console's script: htmx for what the server knows, Alpine for what only this page knows.
import Alpine from "@alpinejs/csp";
import htmx from "htmx.org";

import { chart } from "./chart.js";
import { clicks } from "./clicks.js";
import { copy } from "./copy.js";
import { dialogs } from "./dialogs.js";
import { dropzone } from "./dropzone.js";
import { forms } from "./forms.js";
import { keys } from "./keys.js";
import { listing, savedViews } from "./listing.js";
import { menus } from "./menus.js";
import { requests } from "./requests.js";
import { sortable } from "./sortable.js";
import { times } from "./times.js";
import { toasts } from "./toasts.js";

requests(htmx);
clicks();
dialogs();
forms();
keys();
menus();
times();
toasts();
copy();

Alpine.data("listing", listing);
Alpine.data("savedViews", savedViews);
Alpine.data("dropzone", dropzone);
Alpine.data("chart", chart);
Alpine.data("sortable", sortable);
Alpine.start();
