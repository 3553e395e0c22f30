// endpoint
