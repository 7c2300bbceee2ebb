import { CircleAlert, CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import type { MappedPartView } from '#contract/mapping-views.ts';
import { TableHead } from '../../components/table-head.tsx';

/** What the sampled documents of a collection look like to the console, and which would be malformed and why. */
export function MappingSample({ view, name }: { view: MappedPartView; name: string }): ReactNode {
  if (!view.isThere)
    return <p className="note">There is no collection {name} yet; it is made when first written to.</p>;
  if (view.documents === 0) return <p className="note">There is no document in {name} yet.</p>;
  const isWhole = view.soundDocuments === view.documents;
  const Icon = isWhole ? CircleCheck : CircleAlert;
  return (
    <>
      <output className="note" data-tone={isWhole ? undefined : 'danger'}>
        <Icon aria-hidden size={14} />
        <span>
          {view.soundDocuments} of {view.documents} sampled documents can be read.
        </span>
      </output>
      {view.faults.length > 0 && (
        <table className="plain-table wide-table">
          <caption>What would be malformed, and why</caption>
          <TableHead columns={['Document', 'Field', 'Reason']} />
          <tbody>
            {view.faults.map(({ id, path, reason }) => (
              <tr key={id}>
                <th scope="row">
                  <bdi className="mono">{id}</bdi>
                </th>
                <td className="mono">{path}</td>
                <td>{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <section aria-label="As the console would see them" className="mapping-previews">
        {view.preview.map(({ id, values }) => (
          <details key={id} className="connection-part">
            <summary>
              <bdi className="mono">{id}</bdi> as the console would see it
            </summary>
            <dl className="facts">
              {values.map(({ path, value }) => (
                <div className="fact" key={path}>
                  <dt className="mono">{path}</dt>
                  <dd>
                    <bdi>{value}</bdi>
                  </dd>
                </div>
              ))}
            </dl>
          </details>
        ))}
      </section>
    </>
  );
}
