import JSONText
import Support

/// What holds on every page that Assay shows, asked of the page itself.
enum PageChecks {
    /// Texts whose contrast with what lies behind them is below 4.5 (WCAG 2.2, 1.4.3), with the contrast.
    static func faint(_ browser: Browser) throws -> [String] {
        try browser.run(
            """
            const parse = text => {
              const numbers = (text.match(/-?[\\d.]+(e-?\\d+)?/g) || []).map(Number);
              const scale = text.startsWith('color(') ? 255 : 1;
              return [numbers[0] * scale, numbers[1] * scale, numbers[2] * scale, numbers[3] ?? 1];
            };
            const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
            const behind = element => {
              const layers = [];
              for (let one = element; one; one = one.parentElement) {
                const colour = parse(getComputedStyle(one).backgroundColor);
                if (colour[3] > 0) layers.push(colour);
                if (colour[3] === 1) break;
              }
              return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
            };
            const light = colour => colour.slice(0, 3).map(v => v / 255)
              .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
              .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
            const found = new Set();
            for (const element of document.querySelectorAll('body *')) {
              if (!element.checkVisibility() || element.closest('svg, .sr, .skip, :disabled')) continue;
              if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
              const style = getComputedStyle(element);
              const back = behind(element);
              const front = over(parse(style.color), back);
              const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
              const contrast = (a + .05) / (b + .05);
              if (contrast < 4.5) found.add(`${element.tagName}.${element.className} ${contrast.toFixed(2)}: ${element.textContent.trim().slice(0, 30)}`);
            }
            return [...found];
            """
        ).arrayValue?.compactMap(\.stringValue) ?? ["no answer"]
    }

    /// Headings that skip a level, or a page without exactly one of the first.
    static func headingFaults(_ browser: Browser) throws -> [String] {
        try browser.run(
            """
            const faults = [];
            let last = 0;
            for (const one of document.querySelectorAll('h1,h2,h3,h4,h5,h6')) {
              if (one.closest('dialog:not([open])')) continue;
              const level = Number(one.tagName[1]);
              if (level > last + 1) faults.push(`h${last} then ${one.tagName}: ${one.textContent}`);
              last = level;
            }
            if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
            return faults;
            """
        ).arrayValue?.compactMap(\.stringValue) ?? ["no answer"]
    }

    /// Controls without a name, and drawings without a description.
    static func nameless(_ browser: Browser) throws -> [String] {
        try browser.run(
            """
            const faults = [];
            for (const one of document.querySelectorAll('svg')) {
              if (!one.getAttribute('aria-label') && one.getAttribute('aria-hidden') !== 'true') faults.push('svg');
            }
            for (const one of document.querySelectorAll('button,a,summary')) {
              if (!one.textContent.trim() && !one.getAttribute('aria-label')) faults.push(one.outerHTML.slice(0, 80));
            }
            for (const one of document.querySelectorAll('input,select,textarea')) {
              if (!one.labels.length && !one.getAttribute('aria-label')) faults.push(one.outerHTML.slice(0, 80));
            }
            const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
            for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id ${id} twice`);
            for (const one of document.querySelectorAll('a[href^="#"]')) {
              const id = one.getAttribute('href').slice(1);
              if (!id.startsWith('record-') && !document.getElementById(id)) faults.push(`#${id} leads nowhere`);
            }
            return faults;
            """
        ).arrayValue?.compactMap(\.stringValue) ?? ["no answer"]
    }

    /// By how many pixels the page is wider than its window.
    static func overflow(_ browser: Browser) throws -> Int {
        try browser.run("return document.documentElement.scrollWidth - innerWidth").intValue ?? 9999
    }

    /// Whether what has the focus shows it.
    static func showsFocus(_ browser: Browser) throws -> Bool {
        try browser.run(
            """
            const style = getComputedStyle(document.activeElement);
            return document.activeElement !== document.body
              && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            """
        ).boolValue ?? false
    }
}
