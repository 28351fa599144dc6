// footfall.js - what a page includes to be counted and to show the number; see docs/snippet.md.
//
// Served as it stands here but for comments and indentation, in at most 1,536 bytes. For browsers
// that know ES2015 and fetch(). No eval, no inline script, no style: a strict policy may be set.
(() => {
  const {dataset, src} = document.currentScript;
  // Beside this script, wherever that is: a proxy may serve it below a path.
  const server = new URL('.', src).href;
  // What the page has asked for, a promise for each "/" + counter; "/" alone is its own. A page
  // that includes the script twice finds here what it has asked already.
  const asked = window[server] = window[server] || {};

  // A name as the server makes it of the same text. Where the server would refuse, what may be in
  // no name becomes "-", and a hash of 43 bits tells apart what looks alike then.
  const name = text => {
    const plain = text.replace(/[^\w.-]+/g, '-');
    if (plain == text && !text[64]) return text[2] ? text : ('...' + text).slice(-3);
    let hash = 0;
    for (const letter of text) hash = (hash * 257 + letter.codePointAt()) % 10000000000037;
    return plain.slice(0, 48) + '-' + hash.toString(36);
  };

  const ask = (verb, counter) => asked['/' + counter] = asked['/' + counter] || Promise.race([
    // No other names: ".." would leave the API.
    /^[\w.-]{3,}(\/[\w.-]{3,})?$/.test(counter) ?
      fetch(server + verb + counter, {cache: 'no-store'}).then(reply => reply.ok && reply.json()) : {},
    new Promise(done => setTimeout(done, 10000, {}))
  ]).then(answer => answer.value).catch(() => {});

  const fill = () => document.querySelectorAll('[data-footfall]').forEach(element =>
    ask('get/', element.dataset.footfall).then(value => {
      if (typeof value == 'number') element.textContent =
        'plain' in element.dataset || 'plain' in dataset ? value : value.toLocaleString();
    }));

  const start = () => {
    // Links write %c3 or %C3 for one page. unescape() is old, but never throws.
    asked['/'] = asked['/'] || ask(dataset.count == 'no' ? 'get/' : 'hit/',
      (dataset.ns || name(location.hostname)) + '/' +
      (dataset.key || name(unescape(location.pathname).replace(/\//g, ''))));
    document.readyState == 'loading' ? document.addEventListener('DOMContentLoaded', fill) : fill();
  };

  // A page that a browser makes ready in advance is counted when somebody sees it.
  document.prerendering ? document.addEventListener('prerenderingchange', start) : start();
})();
