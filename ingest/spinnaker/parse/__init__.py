"""From one Spinnaker document to rows."""
