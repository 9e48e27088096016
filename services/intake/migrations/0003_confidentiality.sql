-- Which cases have a disclosure or a request for access: few, among many. What stands in the index
-- stands in the leaves too, so an erasure leaves nothing here that it does not leave there.
CREATE INDEX event_confidentiality ON event (organisation, leaf_index) WHERE type IN (
  'DisclosureRequested', 'DisclosureConfirmed', 'DisclosureRefused',
  'ReporterInformed', 'ReporterNotInformed',
  'SubjectAccessRequested'
);
