"""Job kinds that come with Jobhive."""
