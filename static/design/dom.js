/**
 * A picture of the page as plain data, and the least change that makes the page look like it.
 *
 * Whole snapshots come over the socket; elements that stay keep their focus, their text and their scroll.
 */

/**
 * @typedef {{tag: string, props: Record<string, any>, children: (Picture | string)[], key?: string | number}} Picture
 * @typedef {Picture | string | number | null | undefined | false} Piece
 */

const SVG = "http://www.w3.org/2000/svg";
const ICONS = new URL("icons.svg", import.meta.url).pathname;

/**
 * @param {string} tag may carry classes: "div.card.wide"
 * @param {Record<string, any> | null} [props]
 * @param {...(Piece | Piece[])} children
 * @returns {Picture}
 */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  const { key, ...rest } = props ?? {};
  if (classes.length) rest.class = [...classes, rest.class].filter(Boolean).join(" ");
  return { tag: name, props: rest, children: pieces(children), key };
}

/** @param {string} name @param {string} [label] */
export function icon(name, label) {
  const said = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return h("svg.icon", said, h("use", { href: `${ICONS}#${name}` }));
}

/** @param {any[]} list @returns {(Picture | string)[]} */
function pieces(list) {
  return list.flat(9).filter((piece) => piece !== null && piece !== undefined && piece !== false)
    .map((piece) => (typeof piece === "object" ? piece : String(piece)));
}

/**
 * Make `parent` contain exactly `children`.
 * @param {any} parent
 * @param {...(Piece | Piece[])} children
 */
export function render(parent, ...children) {
  patch(parent, pieces(children));
}

function patch(parent, children) {
  const old = new Map();
  for (const node of parent.childNodes) old.set(node.pictureKey ?? node, node);
  const counts = new Map();
  let place = parent.firstChild;
  for (const piece of children) {
    const key = keyOf(piece, counts);
    const node = old.get(key) ?? create(piece, parent);
    old.delete(key);
    node.pictureKey = key;
    update(node, piece);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}

function keyOf(piece, counts) {
  const tag = typeof piece === "string" ? "#text" : piece.tag;
  if (typeof piece !== "string" && piece.key !== undefined) return `${tag}:${piece.key}`;
  const count = counts.get(tag) ?? 0;
  counts.set(tag, count + 1);
  return `${tag}#${count}`;
}

function create(piece, parent) {
  if (typeof piece === "string") return document.createTextNode(piece);
  const inSvg = piece.tag === "svg" || parent.namespaceURI === SVG;
  return inSvg ? document.createElementNS(SVG, piece.tag) : document.createElement(piece.tag);
}

function update(node, piece) {
  if (typeof piece === "string") {
    if (node.data !== piece) node.data = piece;
    return;
  }
  const before = node.pictureProps ?? {};
  for (const name of Object.keys(before)) if (!(name in piece.props)) setProp(node, name, null);
  for (const [name, value] of Object.entries(piece.props)) {
    if (before[name] !== value || name.startsWith("on")) setProp(node, name, value);
  }
  node.pictureProps = piece.props;
  // A clock's text belongs to the ticker.
  if (!("data-clock" in piece.props)) patch(node, piece.children);
}

function setProp(node, name, value) {
  if (name.startsWith("on")) node[name.toLowerCase()] = value ?? null;
  else if (name === "value" || name === "checked") node[name] = value ?? (name === "value" ? "" : false);
  else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}
