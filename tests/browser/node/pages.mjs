// Finds the pages' modules on disk: served, the stage lies beside each unit's page; in the tree it is in atelier-core.

import { register } from "node:module";

export const PACK = new URL("../../../", import.meta.url);
export const STAGE = new URL("extensions/atelier-core/web/stage/", PACK);

const resolve = `export const resolve = (name, context, next) =>
  next(name.replace(/^(?:\\.\\.\\/)+stage\\//, ${JSON.stringify(STAGE.href)}), context);`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);

export const stage = (name) => import(new URL(name, STAGE));
export const page = (unit, name) => import(new URL(`extensions/${unit}/web/${name}`, PACK));
