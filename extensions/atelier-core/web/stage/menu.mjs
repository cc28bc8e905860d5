export function openMenu({ x, y }, items) { return Promise.resolve(null); }
