module uvdisco.bench/go

go 1.26.0

require github.com/Scalingo/etcd-discovery/v8 v8.0.0
