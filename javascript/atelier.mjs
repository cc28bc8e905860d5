// The webui loads this file; the bridge itself lies with the core, which can also be installed by itself.
import "../extensions/atelier-core/javascript/atelier.mjs?v=0.1.0";
