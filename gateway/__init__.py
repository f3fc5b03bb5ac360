"""Three faces on the bus: public, agency, ops. No database, no rule of the business."""
