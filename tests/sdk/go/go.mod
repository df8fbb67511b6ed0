module recalld/tests/sdk/go

go 1.19

require github.com/getzep/zep-go/v2 v2.22.0

require github.com/google/uuid v1.4.0 // indirect
