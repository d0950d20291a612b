select requeue_due(500)
