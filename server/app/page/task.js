// task
