export function openHandles(svg, { act, name }) { return { show(list, view, room) {}, focus(id) {}, close() {} }; }
