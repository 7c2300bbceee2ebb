/** So many of all that there are, chosen and ordered by chance; all of them where there are no more. */
export function* sampleOf<Item>(input: Iterable<Item>, size: number): Generator<Item> {
  // Each takes the place of one that was chosen before with the chance that keeps all of them equal.
  const chosen: Item[] = [];
  let seen = 0;
  for (const item of input) {
    seen += 1;
    if (chosen.length < size) chosen.push(item);
    else {
      const place = Math.floor(Math.random() * seen);
      if (place < chosen.length) chosen[place] = item;
    }
  }
  for (let left = chosen.length; left > 0; left -= 1) yield* chosen.splice(Math.floor(Math.random() * left), 1);
}
